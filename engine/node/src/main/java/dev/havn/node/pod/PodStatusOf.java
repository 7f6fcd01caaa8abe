// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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
  /// @param addresses of the node and its pods
  /// @param address of the pod, empty when it has none yet
  /// @param latest the newest attempt of each container, by name
  /// @param previous the attempt before that
  /// @param waiting why a container that does not run waits, by name
  /// @param ready whether a running container is ready, by name
  /// @param started whether a running container has passed its startup probe, by name
  /// @param bounds what bounds running containers, by name
  /// @param deepReadOnly whether the runtime mounts read-only with all that is inside
  /// @param startsOver whether all containers are ended to start again
  /// @param ending null for a pod that goes its own way
  /// @param lastMessage what a container said of its end, or empty
  record Observed(
      Addresses addresses,
      String address,
      Map<String, Container> latest,
      Map<String, Container> previous,
      Map<String, Waiting> waiting,
      Map<String, Boolean> ready,
      Map<String, Boolean> started,
      String runtime,
      Map<String, ResourceRequirements> bounds,
      Resize resize,
      boolean deepReadOnly,
      boolean startsOver,
      @Nullable Ending ending,
      BiFunction<io.fabric8.kubernetes.api.model.Container, Container, String> lastMessage) {

    /// Whether a container runs and no hook keeps it waiting.
    boolean runs(String name) {
      @Nullable Container container = latest.get(name);
      return container != null && container.running() && !waiting.containsKey(name);
    }

    boolean isReady(String name) {
      return runs(name) && ready.getOrDefault(name, false);
    }

    boolean isStarted(String name) {
      return runs(name) && started.getOrDefault(name, false);
    }
  }

  /// How far a resize is.
  ///
  /// @param given what the pod as a whole has, null when that is what it should have
  /// @param waits why it is not made, or null
  /// @param progress null when none is under way
  record Resize(
      @Nullable Allocation given, @Nullable Waiting waits, Resizes.@Nullable Progress progress) {}

  /// Why a pod was ended as a whole.
  ///
  /// @param graceMax the time that it has at most to end by itself
  record Ending(String reason, String message, Kind kind, Duration graceMax) {
    /// The least there is.
    static final Duration HASTE = Duration.ofSeconds(1);

    private static final Duration NO_HASTE = Duration.ofDays(365);

    enum Kind {
      ORDINARY,
      /// it used more than it may
      OVER_LIMIT,
      /// the node had too little, or goes down
      BY_NODE
    }

    Ending(String reason, String message) {
      this(reason, message, Kind.ORDINARY, NO_HASTE);
    }

    /// Whether the node ends it, whatever its containers do.
    boolean isOrdered() {
      return kind != Kind.ORDINARY;
    }

    /// @param own the time that the pod asks for
    Duration grace(Duration own) {
      Duration bounded = own.compareTo(graceMax) < 0 ? own : graceMax;
      return bounded.compareTo(HASTE) < 0 ? HASTE : bounded;
    }
  }

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
    status.put("phase", phase);
    @Nullable Ending ending = observed.ending();
    if (ending != null) {
      status.put("reason", ending.reason()).put("message", ending.message());
    }
    status.set("conditions", new PodConditions(pod, observed, now).json(phase));
    addresses(status);
    String started =
        pod.getStatus() == null || pod.getStatus().getStartTime() == null
            ? now
            : pod.getStatus().getStartTime();
    status.put("startTime", started);
    boolean neverRan = ending != null && observed.latest().isEmpty();
    if (!neverRan) {
      containers(status);
      @Nullable Allocation given = observed.resize().given();
      PodTotals.add(status, pod, given == null ? pod : given.on(pod), phase.equals("Running"));
    }
    status.put("observedGeneration", pod.getMetadata().getGeneration());
    return status;
  }

  private void containers(ObjectNode status) {
    ContainerStatuses statuses = new ContainerStatuses(pod, observed, now);
    statuses.add(status, "initContainerStatuses", pod.getSpec().getInitContainers());
    statuses.add(status, "containerStatuses", pod.getSpec().getContainers());
    statuses.add(status, "ephemeralContainerStatuses", ephemeral);
  }

  private void addresses(ObjectNode status) {
    Addresses known = observed.addresses();
    status.put("hostIP", known.host());
    ArrayNode hosts = status.putArray("hostIPs");
    known.hosts().forEach(each -> hosts.addObject().put("ip", each));
    if (!observed.address().isEmpty()) {
      status.put("podIP", observed.address());
      ArrayNode own = status.putArray("podIPs");
      own(known.all(observed.address())).forEach(each -> own.addObject().put("ip", each));
    }
  }

  /// What a pod had that has no network any more is known by what was said of it alone.
  private List<String> own(List<String> known) {
    if (pod.getStatus() == null || pod.getStatus().getPodIPs() == null || known.size() > 1) {
      return known;
    }
    List<String> told = pod.getStatus().getPodIPs().stream().map(PodIP::getIp).toList();
    return !told.isEmpty() && known.getFirst().equals(told.getFirst()) ? told : known;
  }

  static boolean isOver(String phase) {
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  /// Whether the API shows that all of a pod has ended.
  static boolean isOver(Pod pod) {
    return pod.getStatus() != null && isOver(String.valueOf(pod.getStatus().getPhase()));
  }

  /// Whether a container that runs is not said to, since its hook does.
  private boolean isHeld(String name) {
    return observed.waiting().containsKey(name);
  }

  String phase() {
    if (observed.ending() != null) {
      return "Failed";
    }
    for (var init : pod.getSpec().getInitContainers()) {
      @Nullable Container latest = observed.latest().get(init.getName());
      if (latest != null
          && !latest.running()
          && latest.exitCode() != 0
          && !Restarts.ofInit(pod, init, latest.exitCode())) {
        return "Failed";
      }
    }
    boolean deleted = pod.getMetadata().getDeletionTimestamp() != null;
    int restarting = 0;
    int running = 0;
    int failed = 0;
    for (var container : pod.getSpec().getContainers()) {
      @Nullable Container latest = observed.latest().get(container.getName());
      boolean first = !observed.previous().containsKey(container.getName());
      if (latest == null || (latest.running() && isHeld(container.getName()) && first)) {
        return "Pending";
      }
      boolean restarts = !latest.running() && Restarts.of(pod, container, latest.exitCode());
      restarting += restarts && !deleted ? 1 : 0;
      if (latest.running()) {
        running++;
      } else if (latest.exitCode() != 0) {
        failed++;
      }
    }
    if (running == 0 && restarting == 0) {
      return failed > 0 ? "Failed" : "Succeeded";
    }
    return "Running";
  }
}
