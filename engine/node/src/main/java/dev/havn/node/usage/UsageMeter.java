// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.usage;

import dev.havn.node.kernel.CgroupFigures;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the counters of a node and its containers each time it is told to, and makes figures of
/// the last two readings. A container that was read once only is measured since its start.
///
/// For many threads. What is kept is one pair of readings for each running container.
public final class UsageMeter {
  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final String MACHINE = "";

  private final ContainerRuntime runtime;
  private final InstantSource clock;
  private final CgroupFigures machine;
  private final Map<String, Readings> byContainer = new HashMap<>();

  private record Sample(Instant at, Consumption used) {}

  private record Readings(Sample before, @Nullable Sample last) {
    Readings with(Sample next) {
      return new Readings(last == null ? before : last, next);
    }
  }

  public UsageMeter(ContainerRuntime runtime, InstantSource clock) {
    this.runtime = runtime;
    this.clock = clock;
    this.machine = CgroupFigures.ofMachine();
  }

  /// Whether there is anything to measure: simulated containers use nothing.
  public boolean measures() {
    return runtime.features().contains(Feature.USAGE);
  }

  /// Reads all counters.
  public void read() {
    if (!measures()) {
      return;
    }
    Set<String> seen = new HashSet<>();
    seen.add(MACHINE);
    machine.read(MACHINE).ifPresent(used -> add(MACHINE, null, used));
    for (String pod : runtime.pods()) {
      for (Container each : runtime.containers(pod)) {
        if (each.running()) {
          seen.add(each.id());
          read(pod, each);
        }
      }
    }
    synchronized (byContainer) {
      byContainer.keySet().retainAll(seen);
    }
  }

  private void read(String pod, Container container) {
    runtime
        .consumption(pod, container.id())
        .ifPresent(used -> add(container.id(), container.started(), used));
  }

  /// @param since when nothing had been used yet, null when that is not known
  private void add(String of, @Nullable Instant since, Consumption used) {
    Sample next = new Sample(clock.instant(), used);
    synchronized (byContainer) {
      @Nullable Readings known = byContainer.get(of);
      if (known != null) {
        byContainer.put(of, known.with(next));
      } else if (since == null) {
        byContainer.put(of, new Readings(next, null));
      } else {
        Sample start = new Sample(since, new Consumption(0, 0));
        byContainer.put(of, new Readings(start, next));
      }
    }
  }

  /// The figures of a pod's running containers, by name; those that have just started are read now.
  public Map<String, Figure> ofPod(String uid) {
    Map<String, Figure> figures = new LinkedHashMap<>();
    for (Container each : measures() ? runtime.containers(uid) : java.util.List.<Container>of()) {
      if (!each.running()) {
        continue;
      }
      if (figure(each.id()).isEmpty()) {
        read(uid, each);
      }
      figure(each.id()).ifPresent(figure -> figures.put(each.name(), figure));
    }
    return figures;
  }

  /// Of the machine that the node stands for.
  public Optional<Figure> ofNode() {
    if (measures() && figure(MACHINE).isEmpty()) {
      machine.read(MACHINE).ifPresent(used -> add(MACHINE, null, used));
    }
    return figure(MACHINE);
  }

  /// What a running container had used when it was last read, since its start.
  public Optional<Total> total(String containerId) {
    @Nullable Readings readings;
    synchronized (byContainer) {
      readings = byContainer.get(containerId);
    }
    if (readings == null) {
      return Optional.empty();
    }
    Sample newest = readings.last() == null ? readings.before() : readings.last();
    return Optional.of(new Total(newest.at(), newest.used()));
  }

  /// What the machine had used when it was last read, since it began.
  public Optional<Total> totalOfNode() {
    return total(MACHINE);
  }

  /// @param used since the beginning
  public record Total(Instant at, Consumption used) {}

  private Optional<Figure> figure(String of) {
    @Nullable Readings readings;
    synchronized (byContainer) {
      readings = byContainer.get(of);
    }
    if (readings == null || readings.last() == null) {
      return Optional.empty();
    }
    Sample before = readings.before();
    Sample last = readings.last();
    Duration window = Duration.between(before.at(), last.at());
    long used = last.used().cpuNanos() - before.used().cpuNanos();
    if (window.toNanos() <= 0 || used < 0) {
      return Optional.empty();
    }
    long nanoCores = (long) ((double) used * SECOND_NANOS / window.toNanos());
    return Optional.of(new Figure(last.at(), window, nanoCores, last.used().memoryBytes()));
  }
}
