// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.csi.VolumeFigures.Amount;
import dev.havn.node.kernel.DiskUse;
import dev.havn.node.kernel.FileSystemFigures;
import dev.havn.node.kernel.FileSystemFigures.Space;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Measures what pods take of the disk, as a kubelet does: beside, at most once a minute for each
/// pod, and only while somebody asks. What is told is what was found last. For many threads.
public final class PodDiskMeter {
  private static final Logger LOG = LoggerFactory.getLogger(PodDiskMeter.class);
  private static final Duration EVERY = Duration.ofMinutes(1);
  private static final int WALKS_AT_A_TIME = 2;

  /// How many logs of a container there may be beside the one that it writes.
  private static final int OLDER_LOGS = 4;

  /// Volumes whose files are a kubelet's to measure.
  private static final List<String> OWN =
      List.of("emptyDir", "configMap", "secret", "projected", "downwardAPI");

  private final ContainerRuntime runtime;
  private final BiFunction<String, String, Optional<Path>> places;
  private final InstantSource clock;
  private final Executor executor;
  private final Semaphore walks = new Semaphore(WALKS_AT_A_TIME, true);
  private final Map<String, Instant> begun = new ConcurrentHashMap<>();
  private final Map<String, PodDisk> found = new ConcurrentHashMap<>();

  /// Pods that are measured or wait to be, which on a slow disk may take longer than [#EVERY].
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();

  /// @param places of volumes that are measured here, by their pod's uid and their names
  public PodDiskMeter(
      ContainerRuntime runtime,
      BiFunction<String, String, Optional<Path>> places,
      InstantSource clock,
      Executor executor) {
    this.runtime = runtime;
    this.places = places;
    this.clock = clock;
    this.executor = executor;
  }

  /// What was found last, empty before the first measuring ends; begins the next one when it is
  /// time.
  Optional<PodDisk> look(JsonNode pod) {
    String uid = StaticPods.uid(pod);
    Instant now = clock.instant();
    AtomicBoolean isDue = new AtomicBoolean();
    begun.compute(
        uid,
        (_, before) -> {
          isDue.set(before == null || !before.plus(EVERY).isAfter(now));
          return isDue.get() ? now : before;
        });
    if (isDue.get() && underWay.add(uid)) {
      try {
        executor.execute(() -> walk(pod, uid));
      } catch (RejectedExecutionException closing) {
        begun.remove(uid);
        underWay.remove(uid);
      }
    }
    return Optional.ofNullable(found.get(uid));
  }

  /// Forgets all other pods.
  void keep(Set<String> uids) {
    begun.keySet().retainAll(uids);
    found.keySet().retainAll(uids);
  }

  private void walk(JsonNode pod, String uid) {
    walks.acquireUninterruptibly();
    try {
      PodDisk disk = measure(pod, uid);
      if (begun.containsKey(uid)) {
        found.put(uid, disk);
      }
    } catch (IOException e) {
      LOG.warn(
          "what pod {} takes of the disk is unknown: {}",
          pod.path("metadata").path("name").asText(),
          e.getMessage());
    } finally {
      walks.release();
      underWay.remove(uid);
    }
  }

  private PodDisk measure(JsonNode pod, String uid) throws IOException {
    Map<JsonNode, Path> volumes = new LinkedHashMap<>();
    for (JsonNode each : pod.path("spec").path("volumes")) {
      if (isOwn(each) || isClaim(each)) {
        places.apply(uid, each.path("name").asText()).ifPresent(path -> volumes.put(each, path));
      }
    }
    List<Container> containers = runtime.containers(uid);
    List<Path> walked = new ArrayList<>();
    // Of a volume behind a claim all that its file system has counts.
    volumes.forEach((volume, path) -> walked.addAll(isOwn(volume) ? List.of(path) : List.of()));
    for (Container each : containers) {
      walked.addAll(logs(each));
      walked.addAll(roots(uid, each));
    }
    Walked all = new Walked(DiskUse.bytes(walked), DiskUse.files(walked));
    Map<String, PodDisk.Use> roots = new HashMap<>();
    Map<String, PodDisk.Use> logs = new HashMap<>();
    for (Container each : containers) {
      logs.merge(each.name(), all.of(logs(each)), PodDisk.Use::and);
      if (!runtime.written(uid, each.id()).isEmpty()) {
        PodDisk.Use layer = new PodDisk.Use(runtime.layerBytes(uid, each.id()), 0);
        roots.merge(each.name(), all.of(roots(uid, each)).and(layer), PodDisk.Use::and);
      }
    }
    return new PodDisk(clock.instant(), roots, logs, figures(pod, volumes, all));
  }

  private List<PodDisk.OfVolume> figures(JsonNode pod, Map<JsonNode, Path> volumes, Walked all)
      throws IOException {
    Instant now = clock.instant();
    Map<Path, Space> spaces = FileSystemFigures.spaces(List.copyOf(volumes.values()));
    List<PodDisk.OfVolume> figures = new ArrayList<>();
    volumes.forEach(
        (volume, path) -> {
          @Nullable Space space = spaces.get(path);
          if (space != null) {
            PodDisk.@Nullable Use use = isOwn(volume) ? all.of(List.of(path)) : null;
            figures.add(figures(pod, volume, space, use, now));
          }
        });
    return figures;
  }

  private record Walked(Map<Path, Long> bytes, Map<Path, Long> files) {
    PodDisk.Use of(List<Path> paths) {
      PodDisk.Use all = PodDisk.Use.NONE;
      for (Path each : paths) {
        all = all.and(new PodDisk.Use(bytes.getOrDefault(each, 0L), files.getOrDefault(each, 0L)));
      }
      return all;
    }
  }

  /// A log that is none, as that of a simulated container, is not in a folder of its own.
  private static List<Path> logs(Container container) {
    Path log = container.logFile();
    return log.equals(Path.of("/dev/null"))
        ? List.of()
        : Stream.concat(
                Stream.of(log),
                Stream.iterate(1, number -> number + 1)
                    .limit(OLDER_LOGS)
                    .map(number -> log.resolveSibling(log.getFileName() + "." + number)))
            .toList();
  }

  /// Of a container without its log, which may be all that lies where a runtime says.
  private List<Path> roots(String uid, Container container) {
    return runtime.written(uid, container.id()).stream()
        .filter(each -> !container.logFile().startsWith(each))
        .toList();
  }

  private static boolean isOwn(JsonNode volume) {
    return OWN.stream().anyMatch(volume::has);
  }

  private static boolean isClaim(JsonNode volume) {
    return volume.has("persistentVolumeClaim") || volume.has("ephemeral");
  }

  /// @param use of its files, null where all of the file system counts
  private static PodDisk.OfVolume figures(
      JsonNode pod, JsonNode volume, Space space, PodDisk.@Nullable Use use, Instant at) {
    Amount bytes =
        new Amount(
            space.bytesLeft(),
            space.bytes(),
            use == null ? space.bytes() - space.bytesFree() : use.bytes());
    Amount files =
        new Amount(
            space.inodesFree(), space.inodes(), use == null ? space.inodesUsed() : use.files());
    boolean inMemory = volume.path("emptyDir").path("medium").asText().equals("Memory");
    boolean isOfDisk = volume.has("configMap") || (volume.has("emptyDir") && !inMemory);
    String name = volume.path("name").asText();
    return new PodDisk.OfVolume(
        new VolumeFigures(name, VolumeStats.claim(pod, volume), at, bytes, files), isOfDisk);
  }
}
