// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.pod.EvictionPlan.Signal;
import dev.havn.node.pod.EvictionPlan.Use;
import dev.havn.node.pod.EvictionPlan.Victim;
import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.pod.Thresholds.Met;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Looks what pods and the node use, and lets pods end that use too much. Called again and again,
/// from one thread at a time.
final class Evictions {
  private final ContainerRuntime runtime;
  private final EvictionPolicy policy;
  private final NodeGauge gauge;
  private final PodDisks disks;
  private final Actions actions;
  private final Thresholds thresholds;
  private final Set<EvictionSignal> signals = EnumSet.noneOf(EvictionSignal.class);

  /// What an eviction does.
  ///
  /// @param end ends a pod
  /// @param met tells that the node is short of a resource
  /// @param freeDisk takes away what nobody needs
  record Actions(BiConsumer<Pod, Ending> end, Consumer<String> met, Runnable freeDisk) {}

  Evictions(
      ContainerRuntime runtime,
      EvictionPolicy policy,
      NodeGauge gauge,
      PodDisks disks,
      Actions actions) {
    this.runtime = runtime;
    this.policy = policy;
    this.gauge = gauge;
    this.disks = disks;
    this.actions = actions;
    this.thresholds = new Thresholds(policy.thresholds());
    policy.thresholds().forEach(each -> signals.add(each.signal()));
  }

  /// Memory comes first: it may be gone before anything is known of disks.
  ///
  /// @param memoryBytes that the machine has left
  /// @return the resources that the node is short of, all of disks as `ephemeral-storage`
  Set<String> look(List<Pod> pods, long memoryBytes, Instant now) {
    List<Pod> active = pods.stream().filter(Evictions::isActive).toList();
    disks.keep(active.stream().map(pod -> pod.getMetadata().getUid()).collect(Collectors.toSet()));
    List<Met> met = thresholds.observe(gauge.read(signals, memoryBytes), now);
    Set<String> shortOf = new TreeSet<>();
    for (Met each : met) {
      EvictionSignal signal = each.threshold().signal();
      shortOf.add(signal.isOfDisk() ? EvictionPlan.DISK : signal.resource());
    }
    boolean hasEnded = false;
    Optional<Met> memory = due(met, EvictionSignal.MEMORY);
    if (memory.isPresent()) {
      actions.met().accept(EvictionPlan.MEMORY);
      hasEnded = relieve(active.stream().map(this::memoryUse).toList(), memory.get());
    }
    Optional<Met> disk = met.stream().filter(Met::isDue).filter(Evictions::isOfDisk).findFirst();
    if (disk.isPresent()) {
      actions.met().accept(disk.get().threshold().signal().resource());
      actions.freeDisk().run();
      disk = stillDue(disk.get(), memoryBytes, now);
    }
    hasEnded |= lookAtDisks(active, disk, hasEnded);
    Optional<Met> processes = due(met, EvictionSignal.PROCESSES);
    if (processes.isPresent() && !hasEnded) {
      actions.met().accept(EvictionPlan.PROCESSES);
      relieve(active.stream().map(this::processUse).toList(), processes.get());
    }
    return shortOf;
  }

  private static Optional<Met> due(List<Met> met, EvictionSignal signal) {
    return met.stream()
        .filter(Met::isDue)
        .filter(each -> each.threshold().signal() == signal)
        .findFirst();
  }

  private static boolean isOfDisk(Met met) {
    return met.threshold().signal().isOfDisk();
  }

  /// Whether the disk is too full even without what nobody needed.
  private Optional<Met> stillDue(Met before, long memoryBytes, Instant now) {
    return thresholds.observe(gauge.read(signals, memoryBytes), now).stream()
        .filter(each -> each.threshold().equals(before.threshold()))
        .findFirst();
  }

  /// @return whether a pod ends for its disk, or for that of the node
  private boolean lookAtDisks(List<Pod> active, Optional<Met> disk, boolean hasEnded) {
    boolean countsFiles = disk.map(each -> !each.threshold().signal().isInBytes()).orElse(false);
    boolean ends = hasEnded;
    List<Use> uses = new ArrayList<>();
    for (Pod pod : active) {
      if (disk.isPresent() || EvictionPlan.isLimited(pod)) {
        Optional<Use> use = disks.look(pod, countsFiles).map(found -> diskUse(pod, found));
        use.ifPresent(uses::add);
        Optional<Ending> over = use.flatMap(EvictionPlan::overLimit);
        over.ifPresent(ending -> actions.end().accept(pod, ending));
        ends |= over.isPresent();
      }
    }
    return ends || (disk.isPresent() && relieve(uses, disk.get()));
  }

  private static Use diskUse(Pod pod, PodDisks.Found found) {
    return new Use(pod, Map.of(), found.written(), found.volumes(), found.files());
  }

  /// Ends the pod that matters least, if any may end.
  private boolean relieve(List<Use> uses, Met met) {
    EvictionThreshold threshold = met.threshold();
    Signal signal =
        new Signal(
            threshold.signal().resource(),
            threshold.amount().of(met.amounts().capacity()),
            met.amounts().available(),
            threshold.isSoft() ? policy.graceMax() : Ending.HASTE);
    Optional<Victim> victim = EvictionPlan.underPressure(uses, signal);
    victim.ifPresent(each -> actions.end().accept(each.pod(), each.ending()));
    return victim.isPresent();
  }

  private static boolean isActive(Pod pod) {
    return pod.getStatus() != null
        && pod.getMetadata().getDeletionTimestamp() == null
        && !PodStatusOf.isOver(String.valueOf(pod.getStatus().getPhase()));
  }

  private Use memoryUse(Pod pod) {
    return new Use(pod, memory(pod), Map.of(), Map.of(), 0);
  }

  private Use processUse(Pod pod) {
    String uid = pod.getMetadata().getUid();
    long processes =
        runtime.containers(uid).stream()
            .filter(Container::running)
            .mapToLong(each -> runtime.processes(uid, each.id()))
            .sum();
    return new Use(pod, Map.of(), Map.of(), Map.of(), processes);
  }

  private Map<String, Long> memory(Pod pod) {
    String uid = pod.getMetadata().getUid();
    Map<String, Long> bytes = new HashMap<>();
    for (Container each : runtime.containers(uid)) {
      if (each.running()) {
        bytes.put(
            each.name(),
            runtime.consumption(uid, each.id()).map(Consumption::memoryBytes).orElse(0L));
      }
    }
    return bytes;
  }
}
