// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.kernel.Consumption;
import dev.havn.node.kernel.DiskUse;
import dev.havn.node.pod.EvictionPlan.Signal;
import dev.havn.node.pod.EvictionPlan.Use;
import dev.havn.node.pod.EvictionPlan.Victim;
import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks what pods and the node use, and lets pods end that use too much. Called again and again,
/// from one thread at a time: the walks over disks may take long.
final class Evictions {
  private static final Logger LOG = LoggerFactory.getLogger(Evictions.class);
  static final long MEMORY_BYTES_MIN = 100L << 20;

  /// Of the disk, in hundredths. A kubelet wants 10; a workstation's disk is often fuller than
  /// that.
  static final long DISK_PERCENT_MIN = 2;

  private final ContainerRuntime runtime;
  private final Path folder;
  private final BiConsumer<Pod, Ending> end;
  private final DiskMeter diskMeter;

  /// How many bytes of the disk paths take.
  @FunctionalInterface
  interface DiskMeter {
    Map<Path, Long> bytes(List<Path> paths) throws IOException;
  }

  /// @param folder of all pods
  /// @param end ends a pod
  Evictions(ContainerRuntime runtime, Path folder, BiConsumer<Pod, Ending> end) {
    this(runtime, folder, end, DiskUse::bytes);
  }

  Evictions(
      ContainerRuntime runtime, Path folder, BiConsumer<Pod, Ending> end, DiskMeter diskMeter) {
    this.runtime = runtime;
    this.folder = folder;
    this.end = end;
    this.diskMeter = diskMeter;
  }

  /// Memory comes first: it may be gone before walks over disks are at their end, which whoever
  /// writes to the disks can make long.
  ///
  /// @param memoryBytes that the machine has left
  /// @return the resources that the node is short of
  Set<String> look(List<Pod> pods, long memoryBytes) throws IOException {
    List<Pod> active = pods.stream().filter(Evictions::isActive).toList();
    Set<String> shortOf = new TreeSet<>();
    Signal memory = new Signal(EvictionPlan.MEMORY, MEMORY_BYTES_MIN, memoryBytes);
    Optional<Pod> ended = Optional.empty();
    if (memory.isMet()) {
      shortOf.add(memory.resource());
      ended = relieve(active.stream().map(this::memoryUse).toList(), memory);
    }
    long total = Machine.diskBytes(folder);
    Signal disk =
        new Signal(
            EvictionPlan.DISK, total / 100 * DISK_PERCENT_MIN, Machine.diskBytesLeft(folder));
    boolean hasEnded = ended.isPresent();
    List<Use> uses = new ArrayList<>();
    for (Pod pod : active) {
      if ((disk.isMet() || EvictionPlan.isLimited(pod)) && ended.filter(pod::equals).isEmpty()) {
        Optional<Use> use = diskUse(pod);
        use.ifPresent(uses::add);
        Optional<Ending> over = use.flatMap(EvictionPlan::overLimit);
        over.ifPresent(ending -> end.accept(pod, ending));
        hasEnded |= over.isPresent();
      }
    }
    if (disk.isMet()) {
      shortOf.add(disk.resource());
      if (!hasEnded) {
        ended = relieve(uses, disk);
      }
    }
    return shortOf;
  }

  /// Ends the pod that matters least, if any may end.
  private Optional<Pod> relieve(List<Use> uses, Signal signal) {
    Optional<Victim> victim = EvictionPlan.underPressure(uses, signal);
    victim.ifPresent(each -> end.accept(each.pod(), each.ending()));
    return victim.map(Victim::pod);
  }

  private static boolean isActive(Pod pod) {
    return pod.getStatus() != null
        && pod.getMetadata().getDeletionTimestamp() == null
        && !PodStatusOf.isOver(String.valueOf(pod.getStatus().getPhase()));
  }

  private Use memoryUse(Pod pod) {
    return new Use(pod, memory(pod), Map.of(), Map.of());
  }

  /// Empty when it cannot be told: that of one pod must not keep the others from being looked at.
  private Optional<Use> diskUse(Pod pod) {
    Map<String, List<Path>> written = written(pod);
    Map<String, Path> emptyDirs = emptyDirs(pod);
    List<Path> paths = new ArrayList<>(emptyDirs.values());
    written.values().forEach(paths::addAll);
    Map<Path, Long> bytes;
    try {
      bytes = diskMeter.bytes(paths);
    } catch (IOException e) {
      LOG.warn("what {} uses of the disk is unknown: {}", Informer.keyOf(pod), e.getMessage());
      return Optional.empty();
    }
    Map<String, Long> disk = new HashMap<>();
    written.forEach(
        (name, each) ->
            disk.put(name, each.stream().mapToLong(path -> bytes.getOrDefault(path, 0L)).sum()));
    Map<String, Long> volumes = new HashMap<>();
    emptyDirs.forEach((name, path) -> volumes.put(name, bytes.getOrDefault(path, 0L)));
    return Optional.of(new Use(pod, Map.of(), disk, volumes));
  }

  /// Where what containers write lies, by their names.
  private Map<String, List<Path>> written(Pod pod) {
    String uid = pod.getMetadata().getUid();
    Map<String, List<Path>> written = new HashMap<>();
    for (Container each : runtime.containers(uid)) {
      written.put(each.name(), runtime.written(uid, each.id()));
    }
    return written;
  }

  private Map<String, Path> emptyDirs(Pod pod) {
    Map<String, Path> folders = new HashMap<>();
    Path volumes = folder.resolve(pod.getMetadata().getUid()).resolve("volumes");
    for (Volume each : pod.getSpec().getVolumes()) {
      if (each.getEmptyDir() != null && !"Memory".equals(each.getEmptyDir().getMedium())) {
        folders.put(each.getName(), volumes.resolve(each.getName()));
      }
    }
    return folders;
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
