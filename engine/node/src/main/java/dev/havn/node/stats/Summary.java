// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import static dev.havn.node.stats.SummaryFields.time;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.kernel.CgroupCounter;
import dev.havn.node.kernel.CgroupCounters;
import dev.havn.node.kernel.FileSystemFigures.Space;
import dev.havn.node.pod.Machine;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.usage.Figure;
import dev.havn.node.usage.UsageMeter.Total;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// `stats/summary` of a node, in the shape of `k8s.io/kubelet/pkg/apis/stats/v1alpha1`.
///
/// @param space of the file system that pods and images share, null where only processor and memory
///   are asked for
/// @param now when the kernel's counters are read
record Summary(NodeStats stats, @Nullable Space space, Instant now) {
  private static final String CPU = "cpu";
  private static final String TIME = "time";

  ObjectNode of(JsonNode pods, Instant started) {
    ObjectNode summary = Api.object();
    ObjectNode own = summary.putObject("node").put("nodeName", stats.node());
    systemContainers(own);
    own.put("startTime", time(started));
    node(own);
    var list = summary.putArray("pods");
    for (JsonNode pod : pods) {
      list.add(pod(pod));
    }
    return summary;
  }

  private void node(ObjectNode own) {
    stats
        .meter()
        .ofNode()
        .ifPresent(figure -> cpu(own, figure, stats.meter().totalOfNode().orElse(null)));
    if (stats.meter().measures()) {
      stats
          .counters()
          .ofMachine()
          .ifPresent(of -> SummaryFields.memory(own, of, Machine.memoryBytes(), now));
      if (!own.has("memory")) {
        // The root of the second version counts no memory of its own.
        stats.meter().ofNode().ifPresent(figure -> memory(own, figure, Machine.memoryBytes()));
      }
      swap(own);
    }
    if (space == null) {
      return;
    }
    if (stats.meter().measures()) {
      SummaryFields.network(own, stats.counters().ofNode(), now);
    }
    SummaryFields.disk(own.putObject("fs"), space, now);
    ObjectNode runtime = own.putObject("runtime");
    for (String each : List.of("imageFs", "containerFs")) {
      SummaryFields.disk(runtime.putObject(each), space, now);
    }
    processes(own.putObject("rlimit"));
  }

  private void swap(ObjectNode own) {
    long used = Machine.swapBytes() - Machine.swapBytesFree();
    own.putObject("swap")
        .put(TIME, time(now))
        .put("swapAvailableBytes", Machine.swapBytesFree())
        .put("swapUsageBytes", used);
  }

  /// All pods together, where they have a control group together.
  private void systemContainers(ObjectNode own) {
    Optional<CgroupCounters> pods = stats.counters().of("", "");
    if (pods.isPresent()) {
      ObjectNode shown = own.putArray("systemContainers").addObject().put("name", "pods");
      pods.get()
          .get(CgroupCounter.CPU_NANOS)
          .ifPresent(
              used -> shown.putObject(CPU).put(TIME, time(now)).put("usageCoreNanoSeconds", used));
      SummaryFields.memory(shown, pods.get(), Machine.memoryBytes(), now);
    }
  }

  private ObjectNode pod(JsonNode pod) {
    JsonNode metadata = pod.path("metadata");
    String uid = StaticPods.uid(pod);
    ObjectNode shown = Api.object();
    ObjectNode reference = shown.putObject("podRef");
    for (String each : List.of("name", "namespace", "uid")) {
      reference.put(each, metadata.path(each).asText());
    }
    shown.put("startTime", pod.path("status").path("startTime").asText());
    @Nullable PodDisk disk = space == null ? null : stats.disks().look(pod).orElse(null);
    containers(shown, pod, disk);
    Optional<CgroupCounters> counters = stats.counters().of(uid, "");
    counters.ifPresent(of -> SummaryFields.memory(shown, of, 0, now));
    if (space != null) {
      SummaryFields.network(shown, stats.counters().ofPod(pod), now);
      volumes(shown, pod, disk);
    }
    if (space != null && disk != null && !disk.roots().isEmpty()) {
      SummaryFields.disk(shown.putObject("ephemeral-storage"), space, disk.ephemeral(), disk.at());
    }
    counters.ifPresent(of -> SummaryFields.swap(shown, of, now));
    return shown;
  }

  private void volumes(ObjectNode shown, JsonNode pod, @Nullable PodDisk disk) {
    List<VolumeFigures> volumes = new ArrayList<>(stats.volumes().apply(StaticPods.uid(pod)));
    if (disk != null) {
      volumes.addAll(disk.figures());
    }
    VolumeStats.add(shown, pod, volumes);
  }

  /// Those that run, and what they use together.
  private void containers(ObjectNode shown, JsonNode pod, @Nullable PodDisk disk) {
    String uid = StaticPods.uid(pod);
    var containers = shown.putArray("containers");
    Map<String, Figure> figures = stats.meter().ofPod(uid);
    long cores = 0;
    long nanos = 0;
    long memory = 0;
    long processes = 0;
    @Nullable Instant at = null;
    for (Running each : Running.of(pod, stats.runtime())) {
      ObjectNode one = containers.addObject().put("name", each.container().name());
      one.put("startTime", time(each.container().started()));
      @Nullable Figure figure = figures.get(each.container().name());
      @Nullable Total total = stats.meter().total(each.container().id()).orElse(null);
      if (figure != null) {
        cpu(one, figure, total);
        cores += figure.nanoCores();
        memory += figure.memoryBytes();
        nanos += total == null ? 0 : total.used().cpuNanos();
        at = figure.at();
      }
      Optional<CgroupCounters> counters = stats.counters().of(uid, each.container().id());
      if (counters.isPresent()) {
        SummaryFields.memory(one, counters.get(), 0, now);
        processes += counters.get().get(CgroupCounter.PROCESSES).orElse(0);
      } else if (figure != null) {
        memory(one, figure, 0);
      }
      disk(one, each, disk);
      counters.ifPresent(of -> SummaryFields.swap(one, of, now));
    }
    if (at != null) {
      ObjectNode cpu = shown.putObject(CPU).put(TIME, time(at));
      cpu.put("usageNanoCores", cores).put("usageCoreNanoSeconds", nanos);
      shown.putObject("memory").put(TIME, time(at)).put("workingSetBytes", memory);
    }
    if (processes > 0 && space != null) {
      shown.putObject("process_stats").put("process_count", processes);
    }
  }

  private void disk(ObjectNode shown, Running of, @Nullable PodDisk disk) {
    if (disk != null && space != null) {
      String name = of.container().name();
      PodDisk.@Nullable Use root = disk.roots().get(name);
      if (root != null) {
        SummaryFields.disk(shown.putObject("rootfs"), space, root, disk.at());
      }
      PodDisk.@Nullable Use logs = disk.logs().get(name);
      if (logs != null && logs.files() > 0) {
        SummaryFields.disk(shown.putObject("logs"), space, logs, disk.at());
      }
    }
  }

  private static void cpu(ObjectNode of, Figure figure, @Nullable Total total) {
    ObjectNode cpu = of.putObject(CPU).put(TIME, time(figure.at()));
    cpu.put("usageNanoCores", figure.nanoCores());
    if (total != null) {
      cpu.put("usageCoreNanoSeconds", total.used().cpuNanos());
    }
  }

  private static void memory(ObjectNode of, Figure figure, long bytesMax) {
    ObjectNode memory = of.putObject("memory").put(TIME, time(figure.at()));
    if (bytesMax > 0) {
      memory.put("availableBytes", Math.max(0, bytesMax - figure.memoryBytes()));
    }
    memory.put("workingSetBytes", figure.memoryBytes());
  }

  /// `maxpid` and `curproc`, where the system says them.
  private void processes(ObjectNode shown) {
    try {
      String most = Files.readString(Path.of("/proc/sys/kernel/pid_max")).strip();
      String all =
          Files.readString(Path.of("/proc/loadavg")).replaceAll("^.*/([0-9]+) .*\\s*$", "$1");
      shown.put(TIME, time(now));
      shown.put("maxpid", Long.parseLong(most)).put("curproc", Long.parseLong(all.strip()));
    } catch (IOException e) {
      throw new UncheckedIOException("processes of the machine", e);
    }
  }
}
