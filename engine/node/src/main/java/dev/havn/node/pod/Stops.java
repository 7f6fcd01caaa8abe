// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Waits;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends containers: its preStop hook, then the signal, then force. A container is asked once; to be
/// asked again with less time shortens what it has.
final class Stops {
  private static final Logger LOG = LoggerFactory.getLogger(Stops.class);

  /// What a container has left when its hook took everything.
  private static final Duration LEAST = Duration.ofSeconds(2);

  private final ContainerRuntime runtime;
  private final Hooks hooks;
  private final Events events;
  private final InstantSource clock;
  private final Map<String, Instant> deadlines = new ConcurrentHashMap<>();

  Stops(ContainerRuntime runtime, Hooks hooks, Events events, InstantSource clock) {
    this.runtime = runtime;
    this.hooks = hooks;
    this.events = events;
    this.clock = clock;
  }

  /// @param why the event's message
  void stop(
      Pod pod,
      @Nullable Container spec,
      ContainerRuntime.Container running,
      Duration grace,
      String why) {
    String uid = pod.getMetadata().getUid();
    Instant ends = clock.instant().plus(grace);
    @Nullable Instant before = deadlines.putIfAbsent(uid + "/" + running.id(), ends);
    if (before != null) {
      if (ends.isBefore(before.minusSeconds(1))) {
        deadlines.put(uid + "/" + running.id(), ends);
        runtime.stop(uid, running.id(), grace);
      }
      return;
    }
    events.record(pod, "spec.containers{" + running.name() + "}", "Normal", "Killing", why);
    boolean hooked =
        spec != null
            && spec.getLifecycle() != null
            && spec.getLifecycle().getPreStop() != null
            && !grace.isZero()
            && runtime.needsImages();
    if (!hooked || spec == null) {
      runtime.stop(uid, running.id(), grace);
      return;
    }
    var unused =
        hooks
            .run(spec.getLifecycle().getPreStop(), pod, spec, running, grace, address(pod))
            .thenAccept(
                problem -> {
                  if (!problem.isEmpty()) {
                    events.record(
                        pod,
                        "spec.containers{" + running.name() + "}",
                        "Warning",
                        "FailedPreStopHook",
                        "PreStopHook failed");
                  }
                  Duration left = Waits.left(ends.minus(grace), grace, clock.instant());
                  runtime.stop(uid, running.id(), left.compareTo(LEAST) < 0 ? LEAST : left);
                });
  }

  /// What is known of a pod may be older than its address.
  private String address(Pod pod) {
    String address = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    if (address != null && !address.isEmpty()) {
      return address;
    }
    try {
      return runtime.address(pod.getMetadata().getUid()).orElse("");
    } catch (StartException e) {
      LOG.warn("the address of {} is unknown to its hook: {}", Informer.keyOf(pod), e.getMessage());
      return "";
    }
  }

  /// A container is no more.
  void forget(String uid, String containerId) {
    deadlines.remove(uid + "/" + containerId);
  }

  void forget(String uid) {
    deadlines.keySet().removeIf(key -> key.startsWith(uid + "/"));
  }
}
