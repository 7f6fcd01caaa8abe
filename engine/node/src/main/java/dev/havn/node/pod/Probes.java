// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.ProbeRun.Outcome;
import dev.havn.node.pod.ProbeStreak.Verdict;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Startup, readiness and liveness of running containers, each asked in its own rhythm.
final class Probes {
  private static final Logger LOG = LoggerFactory.getLogger(Probes.class);
  private static final long GRACE_SECONDS = 30;

  private final ContainerRuntime runtime;
  private final ScheduledExecutorService executor;
  private final Events events;
  private final Stops stops;
  private final Consumer<Pod> changed;
  private final ProbeCounts counts = new ProbeCounts();
  private final InstantSource clock;
  private final Map<String, Watched> watched = new ConcurrentHashMap<>();

  /// @param changed is told of a pod whose probes say something new
  Probes(
      ContainerRuntime runtime,
      ScheduledExecutorService executor,
      Events events,
      Stops stops,
      Consumer<Pod> changed,
      InstantSource clock) {
    this.runtime = runtime;
    this.executor = executor;
    this.events = events;
    this.stops = stops;
    this.changed = changed;
    this.clock = clock;
  }

  ProbeCounts counts() {
    return counts;
  }

  boolean isStarted(
      String uid, io.fabric8.kubernetes.api.model.Container spec, Container container) {
    @Nullable Watched known = watched.get(uid + "/" + container.id());
    return spec.getStartupProbe() == null || (known != null && known.started);
  }

  boolean isReady(String uid, io.fabric8.kubernetes.api.model.Container spec, Container container) {
    @Nullable Watched known = watched.get(uid + "/" + container.id());
    return isStarted(uid, spec, container)
        && (spec.getReadinessProbe() == null || (known != null && known.ready));
  }

  /// Begins to probe a container that is not probed yet.
  void watch(
      Pod pod,
      io.fabric8.kubernetes.api.model.Container spec,
      Container container,
      String address) {
    boolean none =
        spec.getStartupProbe() == null
            && spec.getReadinessProbe() == null
            && spec.getLivenessProbe() == null;
    String key = pod.getMetadata().getUid() + "/" + container.id();
    if (none || watched.containsKey(key)) {
      return;
    }
    Watched fresh = new Watched(pod, spec, container, address);
    if (watched.putIfAbsent(key, fresh) == null) {
      fresh.begin();
    }
  }

  void forget(String uid) {
    watched.keySet().removeIf(key -> key.startsWith(uid + "/"));
    counts.forget(uid);
  }

  /// The probes of one container.
  private final class Watched {
    private final Pod pod;
    private final io.fabric8.kubernetes.api.model.Container spec;
    private final Container container;
    private final String address;
    private volatile boolean started;
    private volatile boolean ready;

    Watched(
        Pod pod,
        io.fabric8.kubernetes.api.model.Container spec,
        Container container,
        String address) {
      this.pod = pod;
      this.spec = spec;
      this.container = container;
      this.address = address;
      keep(pod);
    }

    /// A container that ran before this server did is what was last said of it, until a probe says
    /// otherwise: Services lead to it all the time (KEP-4781).
    private void keep(Pod said) {
      if (said.getStatus() == null) {
        return;
      }
      Stream.concat(
              said.getStatus().getInitContainerStatuses().stream(),
              said.getStatus().getContainerStatuses().stream())
          .filter(
              each ->
                  each.getContainerID() != null
                      && each.getContainerID().endsWith("://" + container.id()))
          .forEach(
              each -> {
                started = Boolean.TRUE.equals(each.getStarted());
                ready = Boolean.TRUE.equals(each.getReady());
              });
    }

    void begin() {
      if (spec.getStartupProbe() == null || started) {
        startOthers();
      } else {
        schedule(
            "Startup", spec.getStartupProbe(), ProbeStreak.NONE, firstIn(spec.getStartupProbe()));
      }
    }

    private void startOthers() {
      started = true;
      if (spec.getReadinessProbe() != null) {
        schedule(
            "Readiness",
            spec.getReadinessProbe(),
            ProbeStreak.NONE,
            firstIn(spec.getReadinessProbe()));
      }
      if (spec.getLivenessProbe() != null) {
        schedule(
            "Liveness",
            spec.getLivenessProbe(),
            ProbeStreak.NONE,
            firstIn(spec.getLivenessProbe()));
      }
    }

    private static int or(@Nullable Integer value, int otherwise) {
      return value == null ? otherwise : value;
    }

    /// The first delay counts from the container's start, also where a startup probe took longer.
    private Duration firstIn(Probe probe) {
      Duration whole = Duration.ofSeconds(or(probe.getInitialDelaySeconds(), 0));
      Duration left = whole.minus(Duration.between(container.started(), clock.instant()));
      return left.isNegative() ? Duration.ZERO : left.compareTo(whole) > 0 ? whole : left;
    }

    private static Duration period(Probe probe) {
      return Duration.ofSeconds(or(probe.getPeriodSeconds(), 10));
    }

    private void schedule(String kind, Probe probe, ProbeStreak streak, Duration wait) {
      if (watched.get(pod.getMetadata().getUid() + "/" + container.id()) != this) {
        return;
      }
      try {
        var unused =
            executor.schedule(
                () -> askSafely(kind, probe, streak), wait.toMillis(), TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException closing) {
        watched.remove(pod.getMetadata().getUid() + "/" + container.id());
      }
    }

    /// A time that fails must not be the last: nobody else would end a container that is stuck.
    private void askSafely(String kind, Probe probe, ProbeStreak streak) {
      try {
        ask(kind, probe, streak);
      } catch (RuntimeException e) {
        LOG.warn("{} probe of {} failed by itself", kind, container.id(), e);
        schedule(kind, probe, streak, period(probe));
      }
    }

    private void ask(String kind, Probe probe, ProbeStreak streak) {
      boolean runs =
          runtime.containers(pod.getMetadata().getUid()).stream()
              .anyMatch(each -> each.id().equals(container.id()) && each.running());
      if (!runs) {
        watched.remove(pod.getMetadata().getUid() + "/" + container.id());
        return;
      }
      Instant begun = clock.instant();
      ProbeRun.Result result =
          ProbeRun.run(
              runtime,
              pod,
              spec,
              container,
              probe,
              address,
              Duration.ofSeconds(or(probe.getTimeoutSeconds(), 1)));
      if (result.outcome() != Outcome.ERROR) {
        counts.add(of(kind), result.success(), Duration.between(begun, clock.instant()));
      }
      tell(kind, result);
      ProbeStreak now = streak.after(result.outcome());
      boolean passed = now.verdict(probe) == Verdict.PASSED;
      boolean failed = now.verdict(probe) == Verdict.FAILED;
      if (kind.equals("Readiness") && (passed || failed) && ready != passed) {
        ready = passed;
        changed.accept(pod);
      }
      if (kind.equals("Startup") && passed) {
        startOthers();
        changed.accept(pod);
        return;
      }
      if (!kind.equals("Readiness") && failed) {
        kill(kind, probe);
        return;
      }
      schedule(kind, probe, now, period(probe));
    }

    private void tell(String kind, ProbeRun.Result result) {
      String told =
          switch (result.outcome()) {
            case SUCCESS -> "";
            case WARNING -> " probe warning: ";
            case FAILURE -> " probe failed: ";
            case ERROR -> " probe errored and resulted in unknown state: ";
          };
      if (!told.isEmpty()) {
        events.record(
            pod,
            "spec.containers{" + spec.getName() + "}",
            "Warning",
            result.outcome() == Outcome.WARNING ? "ProbeWarning" : "Unhealthy",
            kind + told + result.message());
      }
    }

    private ProbeCounts.Of of(String kind) {
      return new ProbeCounts.Of(
          pod.getMetadata().getNamespace(),
          pod.getMetadata().getName(),
          pod.getMetadata().getUid(),
          spec.getName(),
          kind);
    }

    private void kill(String kind, Probe probe) {
      watched.remove(pod.getMetadata().getUid() + "/" + container.id());
      @Nullable Long own = probe.getTerminationGracePeriodSeconds();
      @Nullable Long whole = pod.getSpec().getTerminationGracePeriodSeconds();
      long grace = own != null ? own : whole != null ? whole : GRACE_SECONDS;
      stops.stop(
          pod,
          spec,
          container,
          Duration.ofSeconds(grace),
          "Container %s failed %s probe, will be restarted"
              .formatted(spec.getName(), kind.toLowerCase(java.util.Locale.ROOT)));
    }
  }
}
