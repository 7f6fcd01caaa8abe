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
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/// Looks what pods and the node use, and lets pods end that use too much. Called again and again,
/// from one thread at a time: the walks over disks may take long.
final class Evictions {
  static final long MEMORY_BYTES_MIN = 100L << 20;

  /// Of the disk, in hundredths. A kubelet wants 10; a workstation's disk is often fuller than
  /// that.
  static final long DISK_PERCENT_MIN = 2;

  private final ContainerRuntime runtime;
  private final Path folder;
  private final BiConsumer<Pod, Ending> end;

  /// @param folder of all pods
  /// @param end ends a pod
  Evictions(ContainerRuntime runtime, Path folder, BiConsumer<Pod, Ending> end) {
    this.runtime = runtime;
    this.folder = folder;
    this.end = end;
  }

  /// @param memoryBytes that the machine has left
  /// @return the resources that the node is short of
  Set<String> look(List<Pod> pods, long memoryBytes) throws IOException {
    Signal memory = new Signal(EvictionPlan.MEMORY, MEMORY_BYTES_MIN, memoryBytes);
    long total = Machine.diskBytes(folder);
    Signal disk =
        new Signal(
            EvictionPlan.DISK, total / 100 * DISK_PERCENT_MIN, Machine.diskBytesLeft(folder));
    List<Pod> active = pods.stream().filter(Evictions::isActive).toList();
    List<Pod> counted =
        disk.isMet() ? active : active.stream().filter(EvictionPlan::isLimited).toList();
    List<Use> uses = uses(counted, memory.isMet() ? active : List.of());
    boolean hasEnded = false;
    for (Use use : uses) {
      Optional<Ending> over = EvictionPlan.overLimit(use);
      over.ifPresent(ending -> end.accept(use.pod(), ending));
      hasEnded |= over.isPresent();
    }
    Set<String> shortOf = new TreeSet<>();
    for (Signal signal : List.of(memory, disk)) {
      if (signal.isMet()) {
        shortOf.add(signal.resource());
        Optional<Victim> victim =
            hasEnded ? Optional.empty() : EvictionPlan.underPressure(uses, signal);
        victim.ifPresent(each -> end.accept(each.pod(), each.ending()));
        hasEnded |= victim.isPresent();
      }
    }
    return shortOf;
  }

  private static boolean isActive(Pod pod) {
    return pod.getStatus() != null
        && pod.getMetadata().getDeletionTimestamp() == null
        && !PodStatusOf.isOver(String.valueOf(pod.getStatus().getPhase()));
  }

  private List<Use> uses(List<Pod> ofDisk, List<Pod> ofMemory) throws IOException {
    Map<String, Pod> all = new LinkedHashMap<>();
    ofDisk.forEach(pod -> all.put(pod.getMetadata().getUid(), pod));
    ofMemory.forEach(pod -> all.put(pod.getMetadata().getUid(), pod));
    List<Path> paths = new ArrayList<>();
    for (Pod pod : ofDisk) {
      written(pod).values().forEach(paths::addAll);
      paths.addAll(emptyDirs(pod).values());
    }
    Map<Path, Long> bytes = DiskUse.bytes(paths);
    List<Use> uses = new ArrayList<>();
    for (Pod pod : all.values()) {
      Map<String, Long> disk = new HashMap<>();
      written(pod)
          .forEach(
              (name, each) ->
                  disk.put(
                      name, each.stream().mapToLong(path -> bytes.getOrDefault(path, 0L)).sum()));
      Map<String, Long> volumes = new HashMap<>();
      emptyDirs(pod).forEach((name, path) -> volumes.put(name, bytes.getOrDefault(path, 0L)));
      uses.add(new Use(pod, memory(pod), disk, volumes));
    }
    return uses;
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
