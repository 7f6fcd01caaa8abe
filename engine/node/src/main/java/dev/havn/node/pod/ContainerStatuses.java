// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The statuses of a pod's containers.
final class ContainerStatuses {
  private final Pod pod;
  private final PodStatusOf.Observed observed;
  private final String now;

  ContainerStatuses(Pod pod, PodStatusOf.Observed observed, String now) {
    this.pod = pod;
    this.observed = observed;
    this.now = now;
  }

  /// Adds a list of them, when there are any.
  void add(
      ObjectNode status, String field, List<io.fabric8.kubernetes.api.model.Container> containers) {
    if (containers.isEmpty()) {
      return;
    }
    ArrayNode statuses = status.putArray(field);
    for (var container : containers) {
      statuses.add(status(container));
    }
  }

  private ObjectNode status(io.fabric8.kubernetes.api.model.Container container) {
    String name = container.getName();
    @Nullable Container latest = observed.latest().get(name);
    @Nullable Container previous = observed.previous().get(name);
    PodStatusOf.@Nullable Waiting waiting = observed.waiting().get(name);
    ObjectNode json = Api.object().put("name", name);
    ObjectNode state = json.putObject("state");
    ObjectNode last = json.putObject("lastState");
    if (waiting != null || latest == null) {
      ObjectNode shown = state.putObject("waiting");
      shown.put("reason", waiting == null ? creating(container) : waiting.reason());
      if (waiting != null && !waiting.message().isEmpty()) {
        shown.put("message", waiting.message());
      }
      @Nullable Container before = latest == null || latest.running() ? previous : latest;
      if (before != null) {
        last.set("terminated", terminated(container, before));
      }
    } else if (latest.running()) {
      state.putObject("running").put("startedAt", time(latest.started()));
      if (previous != null) {
        last.set("terminated", terminated(container, previous));
      }
    } else {
      state.set("terminated", terminated(container, latest));
      if (previous != null) {
        last.set("terminated", terminated(container, previous));
      }
    }
    boolean once =
        pod.getSpec().getInitContainers().contains(container)
            && !"Always".equals(container.getRestartPolicy());
    boolean finished = latest != null && !latest.running() && latest.exitCode() == 0;
    json.put("ready", once ? finished : observed.isReady(name));
    json.put("restartCount", latest == null ? restartsBefore(name) : latest.attempt());
    json.put("image", container.getImage());
    json.put("imageID", latest == null ? "" : latest.imageId());
    if (latest != null) {
      json.put("containerID", observed.runtime() + "://" + latest.id());
    }
    json.put("started", observed.isStarted(name));
    bounds(json, container);
    mounts(json, container);
    return json;
  }

  /// What it has been given, in place of it what really bounds it while it runs.
  private void bounds(ObjectNode json, io.fabric8.kubernetes.api.model.Container container) {
    ObjectNode resources = json.putObject("resources");
    @Nullable ResourceRequirements given = container.getResources();
    if (given == null) {
      return;
    }
    @Nullable ResourceRequirements is = observed.bounds().get(container.getName());
    amounts(resources, "limits", really(given.getLimits(), is == null ? null : is.getLimits()));
    amounts(
        resources, "requests", really(given.getRequests(), is == null ? null : is.getRequests()));
    amounts(json, "allocatedResources", given.getRequests());
  }

  private static @Nullable Map<String, Quantity> really(
      @Nullable Map<String, Quantity> given, @Nullable Map<String, Quantity> is) {
    if (given == null || given.isEmpty() || is == null) {
      return given;
    }
    Map<String, Quantity> amounts = new LinkedHashMap<>(given);
    for (String name : ContainerResources.RESIZABLE) {
      @Nullable Quantity amount = is.get(name);
      if (amount != null) {
        amounts.put(name, amount);
      }
    }
    return amounts;
  }

  private static void amounts(
      ObjectNode json, String field, @Nullable Map<String, Quantity> amounts) {
    if (amounts != null && !amounts.isEmpty()) {
      ObjectNode object = json.putObject(field);
      amounts.forEach((name, amount) -> object.put(name, amount.toString()));
    }
  }

  private void mounts(ObjectNode json, io.fabric8.kubernetes.api.model.Container container) {
    if (container.getVolumeMounts().isEmpty()) {
      return;
    }
    ArrayNode mounts = json.putArray("volumeMounts");
    for (VolumeMount each : container.getVolumeMounts()) {
      ObjectNode mount = mounts.addObject().put("name", each.getName());
      mount.put("mountPath", each.getMountPath());
      if (Boolean.TRUE.equals(each.getReadOnly())) {
        boolean all = Containers.isRecursivelyReadOnly(each, observed.deepReadOnly());
        mount.put("readOnly", true).put("recursiveReadOnly", all ? "Enabled" : "Disabled");
      }
    }
  }

  /// A container that waits for init containers before it says so.
  private String creating(io.fabric8.kubernetes.api.model.Container container) {
    boolean initFirst =
        !pod.getSpec().getInitContainers().isEmpty()
            && !pod.getSpec().getInitContainers().getFirst().equals(container);
    return initFirst ? "PodInitializing" : "ContainerCreating";
  }

  private int restartsBefore(String name) {
    if (pod.getStatus() == null) {
      return 0;
    }
    for (ContainerStatus each : pod.getStatus().getContainerStatuses()) {
      if (each.getName().equals(name) && each.getRestartCount() != null) {
        return each.getRestartCount();
      }
    }
    return 0;
  }

  private ObjectNode terminated(
      io.fabric8.kubernetes.api.model.Container spec, Container container) {
    ObjectNode json = Api.object().put("exitCode", container.exitCode());
    String reason =
        container.outOfMemory() ? "OOMKilled" : container.exitCode() == 0 ? "Completed" : "Error";
    json.put("reason", reason);
    String message = observed.lastMessage().apply(spec, container);
    if (!message.isEmpty()) {
      json.put("message", message);
    }
    json.put("startedAt", time(container.started()));
    @Nullable Instant finished = container.finished();
    json.put("finishedAt", finished == null ? now : time(finished));
    json.put("containerID", observed.runtime() + "://" + container.id());
    return json;
  }

  private static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
