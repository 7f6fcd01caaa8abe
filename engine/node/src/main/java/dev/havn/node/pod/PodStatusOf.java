// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// A pod's status, from its spec and what runs.
final class PodStatusOf {
  private final Pod pod;
  private final List<io.fabric8.kubernetes.api.model.Container> ephemeral;
  private final Observed observed;
  private final String now;

  /// What is known of a pod.
  ///
  /// @param address of the pod, empty when it has none yet
  /// @param latest the newest attempt of each container, by name
  /// @param previous the attempt before that
  /// @param waiting why a container that does not run waits, by name
  /// @param ready whether a running container is ready, by name
  /// @param started whether a running container has passed its startup probe, by name
  /// @param ending null for a pod that goes its own way
  /// @param lastMessage what a container said of its end, or empty
  record Observed(
      String hostAddress,
      String address,
      Map<String, Container> latest,
      Map<String, Container> previous,
      Map<String, Waiting> waiting,
      Map<String, Boolean> ready,
      Map<String, Boolean> started,
      String runtime,
      @Nullable Ending ending,
      BiFunction<io.fabric8.kubernetes.api.model.Container, Container, String> lastMessage) {}

  /// Why a pod was ended as a whole.
  record Ending(String reason, String message) {}

  record Waiting(String reason, String message) {}

  PodStatusOf(
      Pod pod,
      List<io.fabric8.kubernetes.api.model.Container> ephemeral,
      Observed observed,
      Instant now) {
    this.pod = pod;
    this.ephemeral = ephemeral;
    this.observed = observed;
    this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  ObjectNode json() {
    ObjectNode status = Api.object();
    String phase = phase();
    boolean initialized = initialized();
    boolean containersReady = containersReady() && !phase.equals("Succeeded");
    status.put("phase", phase);
    @Nullable Ending ending = observed.ending();
    if (ending != null) {
      status.put("reason", ending.reason()).put("message", ending.message());
    }
    ArrayNode conditions = status.putArray("conditions");
    boolean done = phase.equals("Succeeded");
    condition(
        conditions,
        "PodReadyToStartContainers",
        !observed.address().isEmpty() && !isOver(phase),
        "",
        "");
    condition(
        conditions,
        "Initialized",
        initialized || done,
        done ? "PodCompleted" : initialized ? "" : "ContainersNotInitialized",
        initialized
            ? ""
            : "containers with incomplete status: "
                + names(pod.getSpec().getInitContainers(), true));
    String reason =
        done ? "PodCompleted" : phase.equals("Failed") ? "PodFailed" : "ContainersNotReady";
    String message =
        done || containersReady || phase.equals("Failed")
            ? ""
            : "containers with unready status: " + names(pod.getSpec().getContainers(), false);
    condition(conditions, "Ready", containersReady, containersReady ? "" : reason, message);
    condition(
        conditions, "ContainersReady", containersReady, containersReady ? "" : reason, message);
    condition(conditions, "PodScheduled", true, "", "");
    addresses(status);
    String started =
        pod.getStatus() == null || pod.getStatus().getStartTime() == null
            ? now
            : pod.getStatus().getStartTime();
    status.put("startTime", started);
    statuses(status, "initContainerStatuses", pod.getSpec().getInitContainers());
    statuses(status, "containerStatuses", pod.getSpec().getContainers());
    statuses(status, "ephemeralContainerStatuses", ephemeral);
    status.put("observedGeneration", pod.getMetadata().getGeneration());
    return status;
  }

  private void addresses(ObjectNode status) {
    status.put("hostIP", observed.hostAddress());
    status.putArray("hostIPs").addObject().put("ip", observed.hostAddress());
    if (!observed.address().isEmpty()) {
      status.put("podIP", observed.address());
      status.putArray("podIPs").addObject().put("ip", observed.address());
    }
  }

  static boolean isOver(String phase) {
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  private String names(List<io.fabric8.kubernetes.api.model.Container> containers, boolean init) {
    List<String> names = new ArrayList<>();
    for (var container : containers) {
      boolean fine =
          init
              ? isInitialized(container)
              : observed.ready().getOrDefault(container.getName(), false);
      if (!fine) {
        names.add(container.getName());
      }
    }
    return "[" + String.join(" ", names) + "]";
  }

  private boolean isInitialized(io.fabric8.kubernetes.api.model.Container container) {
    @Nullable Container latest = observed.latest().get(container.getName());
    if (latest == null) {
      return false;
    }
    return "Always".equals(container.getRestartPolicy())
        ? latest.running() && observed.started().getOrDefault(container.getName(), false)
        : !latest.running() && latest.exitCode() == 0;
  }

  private boolean initialized() {
    return pod.getSpec().getInitContainers().stream().allMatch(this::isInitialized);
  }

  private boolean containersReady() {
    return initialized()
        && pod.getSpec().getContainers().stream()
            .allMatch(each -> observed.ready().getOrDefault(each.getName(), false));
  }

  String phase() {
    if (observed.ending() != null) {
      return "Failed";
    }
    String policy = pod.getSpec().getRestartPolicy();
    for (var init : pod.getSpec().getInitContainers()) {
      @Nullable Container latest = observed.latest().get(init.getName());
      boolean failed = latest != null && !latest.running() && latest.exitCode() != 0;
      if (failed && policy.equals("Never") && !"Always".equals(init.getRestartPolicy())) {
        return "Failed";
      }
    }
    int running = 0;
    int succeeded = 0;
    int failed = 0;
    for (var container : pod.getSpec().getContainers()) {
      @Nullable Container latest = observed.latest().get(container.getName());
      if (latest == null) {
        return "Pending";
      }
      if (latest.running()) {
        running++;
      } else if (latest.exitCode() == 0) {
        succeeded++;
      } else {
        failed++;
      }
    }
    int all = pod.getSpec().getContainers().size();
    boolean deleted = pod.getMetadata().getDeletionTimestamp() != null;
    if (running == 0 && (policy.equals("Never") || deleted)) {
      return failed > 0 ? "Failed" : "Succeeded";
    }
    if (running == 0 && policy.equals("OnFailure") && succeeded == all) {
      return "Succeeded";
    }
    return "Running";
  }

  private void condition(
      ArrayNode conditions, String type, boolean is, String reason, String message) {
    String status = is ? "True" : "False";
    String since = now;
    if (pod.getStatus() != null) {
      for (PodCondition before : pod.getStatus().getConditions()) {
        if (before.getType().equals(type)
            && before.getStatus().equals(status)
            && before.getLastTransitionTime() != null) {
          since = before.getLastTransitionTime();
        }
      }
    }
    ObjectNode condition = conditions.addObject().put("type", type).put("status", status);
    if (!type.equals("PodScheduled")) {
      condition.put("observedGeneration", pod.getMetadata().getGeneration());
    }
    condition.putNull("lastProbeTime").put("lastTransitionTime", since);
    if (!reason.isEmpty()) {
      condition.put("reason", reason);
    }
    if (!message.isEmpty()) {
      condition.put("message", message);
    }
  }

  private void statuses(
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
      if (latest != null) {
        last.set("terminated", terminated(container, latest));
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
    boolean running = latest != null && latest.running() && waiting == null;
    boolean init = pod.getSpec().getInitContainers().contains(container);
    boolean finished = init && latest != null && !latest.running() && latest.exitCode() == 0;
    json.put("ready", finished || (running && observed.ready().getOrDefault(name, false)));
    json.put("restartCount", latest == null ? restartsBefore(name) : latest.attempt());
    json.put("image", container.getImage());
    json.put("imageID", latest == null ? "" : latest.imageId());
    if (latest != null) {
      json.put("containerID", observed.runtime() + "://" + latest.id());
    }
    json.put("started", running && observed.started().getOrDefault(name, false));
    return json;
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
