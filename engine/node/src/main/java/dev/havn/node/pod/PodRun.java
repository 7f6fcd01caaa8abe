// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Sysctl;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One look at one pod: starts what should run and does not, and tells what is.
final class PodRun {
  private static final Duration BACKOFF_MIN = Duration.ofSeconds(10);
  private static final Duration BACKOFF_MAX = Duration.ofMinutes(5);
  private static final String INITIALIZING = "PodInitializing";

  private final PodReconciler.Parts parts;
  private final Hooks hooks;
  private final Pod pod;
  private final String uid;
  private final List<io.fabric8.kubernetes.api.model.Container> ephemeral;
  private final Map<String, Container> latest = new HashMap<>();
  private final Map<String, Container> previous = new HashMap<>();
  private final Map<String, PodStatusOf.Waiting> waiting;
  private String address = "";
  private @Nullable Duration again;

  /// @param waiting why containers of the pod wait, kept from look to look
  PodRun(
      PodReconciler.Parts parts, Hooks hooks, Pod pod, Map<String, PodStatusOf.Waiting> waiting) {
    this.parts = parts;
    this.hooks = hooks;
    this.pod = pod;
    this.uid = pod.getMetadata().getUid();
    this.waiting = waiting;
    this.ephemeral = EphemeralContainers.of(pod, parts.api());
  }

  /// When to look again, null for when something changes.
  @Nullable Duration again() {
    return again;
  }

  Map<String, Container> latest() {
    return latest;
  }

  void observe() {
    latest.clear();
    previous.clear();
    for (Container container : parts.runtime().containers(uid)) {
      @Nullable Container older = latest.put(container.name(), container);
      if (older != null) {
        previous.put(container.name(), older);
      }
    }
  }

  /// Takes the address from the pod's status: nothing is started any more.
  void observeLast() {
    observe();
    String known = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    address = known == null ? "" : known;
  }

  private static PodPlace place(Pod pod) {
    PodSpec spec = pod.getSpec();
    Map<String, String> sysctls = new HashMap<>();
    if (spec.getSecurityContext() != null) {
      for (Sysctl each : spec.getSecurityContext().getSysctls()) {
        sysctls.put(each.getName(), each.getValue());
      }
    }
    return new PodPlace(
        pod.getMetadata().getUid(),
        pod.getMetadata().getNamespace(),
        pod.getMetadata().getName(),
        PodFiles.hostName(pod),
        new Sharing(
            Boolean.TRUE.equals(spec.getHostNetwork()),
            Boolean.TRUE.equals(spec.getHostPID()),
            Boolean.TRUE.equals(spec.getHostIPC()),
            Boolean.TRUE.equals(spec.getShareProcessNamespace())),
        sysctls);
  }

  void run() {
    PodPlace place = place(pod);
    try {
      parts.containers().prepare(pod);
      address = parts.runtime().ensurePod(place);
      if (address.isEmpty()) {
        address = parts.hostAddress();
      }
      parts.containers().place(pod, address);
    } catch (StartException e) {
      parts.events().warning(pod, e.reason(), String.valueOf(e.getMessage()));
      again = BACKOFF_MIN;
      observe();
      return;
    }
    observe();
    for (var container : ephemeral) {
      keep(place, container, "Never");
    }
    if (initialize(place)) {
      for (var container : pod.getSpec().getContainers()) {
        keep(place, container, pod.getSpec().getRestartPolicy());
      }
    }
    observe();
    watchProbes();
  }

  /// Whether all init containers have done their work.
  private boolean initialize(PodPlace place) {
    for (var container : pod.getSpec().getInitContainers()) {
      boolean done =
          "Always".equals(container.getRestartPolicy())
              ? keepSidecar(place, container)
              : runOnce(place, container);
      if (!done) {
        return false;
      }
    }
    for (var each : pod.getSpec().getContainers()) {
      PodStatusOf.Waiting known = waiting.get(each.getName());
      if (known != null && known.reason().equals(INITIALIZING)) {
        waiting.remove(each.getName());
      }
    }
    return true;
  }

  private boolean keepSidecar(PodPlace place, io.fabric8.kubernetes.api.model.Container container) {
    keep(place, container, "Always");
    observe();
    @Nullable Container now = latest.get(container.getName());
    return now != null && now.running() && parts.probes().isStarted(uid, container, now);
  }

  private boolean runOnce(PodPlace place, io.fabric8.kubernetes.api.model.Container container) {
    @Nullable Container known = latest.get(container.getName());
    boolean done = known != null && !known.running() && known.exitCode() == 0;
    boolean mainHasRun =
        pod.getSpec().getContainers().stream().anyMatch(c -> latest.containsKey(c.getName()));
    if (done || mainHasRun) {
      return true;
    }
    keep(
        place, container, pod.getSpec().getRestartPolicy().equals("Never") ? "Never" : "OnFailure");
    observe();
    for (var each : pod.getSpec().getContainers()) {
      waiting.putIfAbsent(each.getName(), new PodStatusOf.Waiting(INITIALIZING, ""));
    }
    return false;
  }

  /// Starts a container that has not run, and one that ended if its policy says so.
  private void keep(
      PodPlace place, io.fabric8.kubernetes.api.model.Container container, String policy) {
    @Nullable Container known = latest.get(container.getName());
    int attempt = 0;
    if (known != null) {
      if (known.running()) {
        waiting.remove(container.getName());
        return;
      }
      boolean restarts =
          policy.equals("Always") || (policy.equals("OnFailure") && known.exitCode() != 0);
      if (!restarts || backsOff(container, known)) {
        return;
      }
      attempt = known.attempt() + 1;
    }
    start(place, container, attempt);
  }

  private boolean backsOff(io.fabric8.kubernetes.api.model.Container container, Container known) {
    @Nullable Instant finished = known.finished();
    if (finished == null) {
      return false;
    }
    boolean ranLong =
        Duration.between(known.started(), finished).compareTo(BACKOFF_MAX.multipliedBy(2)) > 0;
    if (known.attempt() == 0 || ranLong) {
      return false;
    }
    Duration wait = BACKOFF_MIN.multipliedBy(1L << Math.min(known.attempt() - 1, 10));
    wait = wait.compareTo(BACKOFF_MAX) > 0 ? BACKOFF_MAX : wait;
    Duration left = Duration.between(parts.clock().instant(), finished.plus(wait));
    if (left.isNegative() || left.isZero()) {
      return false;
    }
    lookAgainIn(left);
    String whole =
        "%s_%s(%s)".formatted(pod.getMetadata().getName(), pod.getMetadata().getNamespace(), uid);
    String message =
        "back-off %s restarting failed container=%s pod=%s"
            .formatted(shown(wait), container.getName(), whole);
    PodStatusOf.Waiting why = new PodStatusOf.Waiting("CrashLoopBackOff", message);
    if (waiting.put(container.getName(), why) == null) {
      record(
          container,
          "Warning",
          "BackOff",
          "Back-off restarting failed container %s in pod %s"
              .formatted(container.getName(), whole));
    }
    return true;
  }

  private void lookAgainIn(Duration left) {
    again = again == null || left.compareTo(again) < 0 ? left : again;
  }

  private static String shown(Duration wait) {
    long minutes = wait.toMinutes();
    return minutes == 0 ? wait.toSeconds() + "s" : minutes + "m" + wait.toSecondsPart() + "s";
  }

  private void record(
      io.fabric8.kubernetes.api.model.Container container,
      String type,
      String reason,
      String message) {
    String list =
        ephemeral.contains(container)
            ? "ephemeralContainers"
            : pod.getSpec().getInitContainers().contains(container)
                ? "initContainers"
                : "containers";
    parts
        .events()
        .record(pod, "spec." + list + "{" + container.getName() + "}", type, reason, message);
  }

  private void start(
      PodPlace place, io.fabric8.kubernetes.api.model.Container container, int attempt) {
    try {
      parts.runtime().start(place, parts.containers().spec(pod, container, attempt, address));
      record(container, "Normal", "Created", "Container created");
      record(container, "Normal", "Started", "Container started");
      if (runPostStart(container)) {
        waiting.remove(container.getName());
      }
    } catch (StartException e) {
      PodStatusOf.Waiting why = new PodStatusOf.Waiting(e.reason(), String.valueOf(e.getMessage()));
      if (!why.equals(waiting.put(container.getName(), why))) {
        record(container, "Warning", "Failed", String.valueOf(e.getMessage()));
      }
      lookAgainIn(BACKOFF_MIN);
    }
  }

  /// Waits for the hook, as long as it takes; a container whose hook fails is ended.
  private boolean runPostStart(io.fabric8.kubernetes.api.model.Container container) {
    boolean hooked =
        parts.runtime().needsImages()
            && container.getLifecycle() != null
            && container.getLifecycle().getPostStart() != null;
    if (!hooked) {
      return true;
    }
    observe();
    @Nullable Container started = latest.get(container.getName());
    if (started == null) {
      return true;
    }
    String problem =
        hooks
            .run(
                container.getLifecycle().getPostStart(),
                pod,
                container,
                started,
                Duration.ZERO,
                address)
            .join();
    if (problem.isEmpty()) {
      return true;
    }
    record(container, "Warning", "FailedPostStartHook", "PostStartHook failed");
    Long grace = pod.getSpec().getTerminationGracePeriodSeconds();
    parts
        .stops()
        .stop(
            pod,
            container,
            started,
            Duration.ofSeconds(grace == null ? 30 : grace),
            "FailedPostStartHook");
    return true;
  }

  private List<io.fabric8.kubernetes.api.model.Container> initAndMain() {
    List<io.fabric8.kubernetes.api.model.Container> all =
        new ArrayList<>(pod.getSpec().getInitContainers());
    all.addAll(pod.getSpec().getContainers());
    return all;
  }

  private void watchProbes() {
    for (var container : initAndMain()) {
      @Nullable Container running = latest.get(container.getName());
      if (running != null && running.running()) {
        parts.probes().watch(pod, container, running, address);
      }
    }
  }

  /// @param ending what is said of a pod that was ended as a whole, null for none
  ObjectNode status(PodStatusOf.@Nullable Ending ending) {
    Map<String, Boolean> ready = new HashMap<>();
    Map<String, Boolean> started = new HashMap<>();
    for (var container : initAndMain()) {
      @Nullable Container known = latest.get(container.getName());
      boolean runs = known != null && known.running();
      started.put(
          container.getName(),
          known != null && runs && parts.probes().isStarted(uid, container, known));
      ready.put(
          container.getName(),
          known != null && runs && parts.probes().isReady(uid, container, known));
    }
    PodStatusOf.Observed observed =
        new PodStatusOf.Observed(
            parts.hostAddress(),
            address,
            latest,
            previous,
            waiting,
            ready,
            started,
            scheme(),
            ending,
            (container, ended) -> parts.containers().lastMessage(pod, container, ended));
    return new PodStatusOf(pod, ephemeral, observed, parts.clock().instant()).json();
  }

  private String scheme() {
    String version = parts.runtime().version();
    return version.substring(0, version.indexOf(':'));
  }
}
