// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.kernel.DiskUse;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What pods take of the disk. A walk over it may take as long as who writes to it likes, so walks
/// run beside, a few at a time, and what is told is what the last one found. For many threads.
final class PodDisks {
  private static final Logger LOG = LoggerFactory.getLogger(PodDisks.class);
  private static final int WALKS_AT_A_TIME = 4;

  private final ContainerRuntime runtime;
  private final Path folder;
  private final Executor executor;
  private final Meter meter;
  private final Semaphore walks = new Semaphore(WALKS_AT_A_TIME, true);
  private final Set<String> walking = ConcurrentHashMap.newKeySet();
  private final Map<String, Found> found = new ConcurrentHashMap<>();

  /// Counts what paths take.
  interface Meter {
    Map<Path, Long> bytes(List<Path> paths) throws IOException;

    /// How many files there are.
    Map<Path, Long> files(List<Path> paths) throws IOException;

    Meter DU =
        new Meter() {
          @Override
          public Map<Path, Long> bytes(List<Path> paths) throws IOException {
            return DiskUse.bytes(paths);
          }

          @Override
          public Map<Path, Long> files(List<Path> paths) throws IOException {
            return DiskUse.files(paths);
          }
        };
  }

  /// @param written by container: what it wrote outside of volumes, with its log
  /// @param volumes by emptyDir on the disk, and by folder of what the node gives all pods
  record Found(Map<String, Long> written, Map<String, Long> volumes, long files) {}

  /// @param folder of all pods
  PodDisks(ContainerRuntime runtime, Path folder, Executor executor, Meter meter) {
    this.runtime = runtime;
    this.folder = folder;
    this.executor = executor;
    this.meter = meter;
  }

  /// What the last walk found, empty before its end; begins the next one.
  ///
  /// @param countsFiles whether files are to be counted, too
  Optional<Found> look(Pod pod, boolean countsFiles) {
    String uid = pod.getMetadata().getUid();
    if (walking.add(uid)) {
      try {
        executor.execute(() -> walk(pod, countsFiles));
      } catch (RejectedExecutionException closing) {
        walking.remove(uid);
      }
    }
    return Optional.ofNullable(found.get(uid));
  }

  /// Forgets all other pods.
  void keep(Set<String> uids) {
    found.keySet().retainAll(uids);
  }

  private void walk(Pod pod, boolean countsFiles) {
    String uid = pod.getMetadata().getUid();
    walks.acquireUninterruptibly();
    try {
      found.put(uid, measure(pod, countsFiles));
    } catch (IOException e) {
      LOG.warn("what {} uses of the disk is unknown: {}", Informer.keyOf(pod), e.getMessage());
    } finally {
      walks.release();
      walking.remove(uid);
    }
  }

  private Found measure(Pod pod, boolean countsFiles) throws IOException {
    Map<String, List<Path>> written = written(pod);
    Map<String, Long> layers = layers(pod);
    Map<String, Path> folders = folders(pod);
    List<Path> paths = new ArrayList<>(folders.values());
    written.values().forEach(paths::addAll);
    Map<Path, Long> bytes = meter.bytes(paths);
    Map<String, Long> disk = new HashMap<>();
    written.forEach(
        (name, each) ->
            disk.put(
                name,
                layers.getOrDefault(name, 0L)
                    + each.stream().mapToLong(path -> bytes.getOrDefault(path, 0L)).sum()));
    Map<String, Long> volumes = new HashMap<>();
    folders.forEach((name, path) -> volumes.put(name, bytes.getOrDefault(path, 0L)));
    long files =
        countsFiles ? meter.files(paths).values().stream().mapToLong(Long::longValue).sum() : 0;
    return new Found(disk, volumes, files);
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

  /// What containers have written where only the runtime can count it, by their names.
  private Map<String, Long> layers(Pod pod) {
    String uid = pod.getMetadata().getUid();
    Map<String, Long> layers = new HashMap<>();
    for (Container each : runtime.containers(uid)) {
      layers.put(each.name(), runtime.layerBytes(uid, each.id()));
    }
    return layers;
  }

  private Map<String, Path> folders(Pod pod) {
    Map<String, Path> folders = new HashMap<>();
    Path own = folder.resolve(pod.getMetadata().getUid());
    // Containers write to these, too (CVE-2020-8557); no volume has such a name.
    for (String each : List.of("etc", "termination")) {
      folders.put("/" + each, own.resolve(each));
    }
    Path volumes = own.resolve("volumes");
    for (Volume each : pod.getSpec().getVolumes()) {
      if (each.getEmptyDir() != null && !"Memory".equals(each.getEmptyDir().getMedium())) {
        folders.put(each.getName(), volumes.resolve(each.getName()));
      }
    }
    return folders;
  }
}
