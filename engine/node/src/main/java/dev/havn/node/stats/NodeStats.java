// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.kernel.FileSystemFigures;
import dev.havn.node.pod.Machine;
import dev.havn.node.pod.OwnUsersCount;
import dev.havn.node.pod.ProbeCounts;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.usage.Figure;
import dev.havn.node.usage.UsageMeter;
import dev.havn.node.usage.UsageMeter.Total;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The figures of one node, its pods and their containers: `stats/summary` (version v1alpha1 of the
/// kubelet's), and its metrics, among them those that a metrics-server reads.
///
/// @param volumes how full those of a pod are that drivers brought, by the pod's uid
/// @param folder on the file system that pods and images share
public record NodeStats(
    String node,
    ContainerRuntime runtime,
    UsageMeter meter,
    ProbeCounts probes,
    OwnUsersCount ownUsers,
    Function<String, List<VolumeFigures>> volumes,
    Path folder,
    InstantSource clock) {
  private static final double SECOND_NANOS = 1e9;
  private static final String POD_LABEL = "pod";
  private static final String OWN_USERS = "kubelet_started_user_namespaced_pods";
  private static final String ERRORS = "_errors";
  private static final String TOTAL = "_total";

  /// What runs of one container.
  private record Running(JsonNode pod, Container container) {
    String[] labels() {
      JsonNode metadata = pod.path("metadata");
      return new String[] {
        "container",
        container.name(),
        "namespace",
        metadata.path("namespace").asText(),
        POD_LABEL,
        metadata.path("name").asText()
      };
    }
  }

  private List<Running> running(JsonNode pods) {
    List<Running> running = new ArrayList<>();
    for (JsonNode pod : pods) {
      for (Container each : runtime.containers(StaticPods.uid(pod))) {
        if (each.running()) {
          running.add(new Running(pod, each));
        }
      }
    }
    return running;
  }

  /// `/metrics/resource`.
  ///
  /// @param pods those of this node
  public String resourceMetrics(JsonNode pods) {
    MetricLines lines =
        new MetricLines()
            .metric(
                "container_cpu_usage_seconds_total",
                "counter",
                "Processor time of a container, in seconds.")
            .metric(
                "container_memory_working_set_bytes",
                "gauge",
                "Memory of a container that cannot be taken from it at once.")
            .metric(
                "container_start_time_seconds", "gauge", "When a container started, since 1970.")
            .metric("node_cpu_usage_seconds_total", "counter", "Processor time of the node.")
            .metric("node_memory_working_set_bytes", "gauge", "Memory of the node in use.")
            .metric("pod_cpu_usage_seconds_total", "counter", "Processor time of a pod.")
            .metric("pod_memory_working_set_bytes", "gauge", "Memory of a pod in use.")
            .metric("resource_scrape_error", "gauge", "1 when something could not be read.");
    meter.ofNode();
    meter
        .totalOfNode()
        .ifPresent(
            total -> {
              lines.add("node_cpu_usage_seconds_total", seconds(total), total.at());
              lines.add("node_memory_working_set_bytes", total.used().memoryBytes(), total.at());
            });
    for (JsonNode pod : pods) {
      addPod(lines, pod);
    }
    lines.add("resource_scrape_error", 0);
    return lines.toString();
  }

  private static double seconds(Total total) {
    return total.used().cpuNanos() / SECOND_NANOS;
  }

  private void addPod(MetricLines lines, JsonNode pod) {
    meter.ofPod(StaticPods.uid(pod));
    long cpu = 0;
    long memory = 0;
    @Nullable Instant at = null;
    for (Running each : running(Api.object().putArray("items").add(pod))) {
      lines.add(
          "container_start_time_seconds",
          each.container().started().toEpochMilli() / 1e3,
          each.container().started(),
          each.labels());
      @Nullable Total total = meter.total(each.container().id()).orElse(null);
      if (total != null) {
        lines.add("container_cpu_usage_seconds_total", seconds(total), total.at(), each.labels());
        lines.add(
            "container_memory_working_set_bytes",
            total.used().memoryBytes(),
            total.at(),
            each.labels());
        cpu += total.used().cpuNanos();
        memory += total.used().memoryBytes();
        at = at == null || total.at().isBefore(at) ? total.at() : at;
      }
    }
    if (at != null) {
      String namespace = pod.path("metadata").path("namespace").asText();
      String name = pod.path("metadata").path("name").asText();
      lines.add(
          "pod_cpu_usage_seconds_total",
          cpu / SECOND_NANOS,
          at,
          "namespace",
          namespace,
          POD_LABEL,
          name);
      lines.add(
          "pod_memory_working_set_bytes", memory, at, "namespace", namespace, POD_LABEL, name);
    }
  }

  /// `/metrics/cadvisor`: of what cAdvisor counts, processor, memory and threads.
  public String containerMetrics(JsonNode pods) {
    MetricLines lines =
        new MetricLines()
            .metric("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed.")
            .metric("container_memory_working_set_bytes", "gauge", "Current working set in bytes.")
            .metric("container_start_time_seconds", "gauge", "When a container started.")
            .metric("container_threads", "gauge", "Number of threads running inside the container.")
            .metric(
                "container_threads_max",
                "gauge",
                "Maximum number of threads allowed inside the container.")
            .metric("machine_cpu_cores", "gauge", "Number of logical CPU cores.")
            .metric("machine_memory_bytes", "gauge", "Amount of memory installed.");
    for (Running each : running(pods)) {
      String[] labels = cadvisorLabels(each);
      meter.ofPod(StaticPods.uid(each.pod()));
      meter
          .total(each.container().id())
          .ifPresent(
              total -> {
                lines.add("container_cpu_usage_seconds_total", seconds(total), total.at(), labels);
                lines.add(
                    "container_memory_working_set_bytes",
                    total.used().memoryBytes(),
                    total.at(),
                    labels);
              });
      lines.add(
          "container_start_time_seconds", each.container().started().getEpochSecond(), labels);
    }
    pods.forEach(pod -> ExcessStats.addThreads(lines, pod, runtime));
    lines.add("machine_cpu_cores", Runtime.getRuntime().availableProcessors());
    lines.add("machine_memory_bytes", Machine.memoryBytes());
    return lines.toString();
  }

  private static String[] cadvisorLabels(Running each) {
    String[] labels = each.labels();
    String[] all = Arrays.copyOf(labels, labels.length + 6);
    all[labels.length] = "id";
    all[labels.length + 1] =
        "/kubepods/pod" + StaticPods.uid(each.pod()) + "/" + each.container().id();
    all[labels.length + 2] = "image";
    all[labels.length + 3] = each.container().image();
    all[labels.length + 4] = "name";
    all[labels.length + 5] = each.container().id();
    return all;
  }

  /// `/metrics/probes`.
  public String probeMetrics() {
    return ProbeMetrics.of(probes);
  }

  /// `/metrics`: of the node itself.
  public String metrics(JsonNode pods) {
    MetricLines lines =
        new MetricLines()
            .metric("kubelet_node_name", "gauge", "The node's name. The count is always 1.")
            .metric("kubelet_running_containers", "gauge", "Number of containers by their state.")
            .metric("kubelet_running_pods", "gauge", "Number of pods that have a running pod.")
            .metric(
                OWN_USERS + TOTAL,
                "counter",
                "Number of pods with user namespaces that were started.")
            .metric(
                OWN_USERS + ERRORS + TOTAL,
                "counter",
                "Number of errors when pods with user namespaces were started.");
    List<Running> running = running(pods);
    VolumeStats.announce(lines);
    ExcessStats.announce(lines);
    for (JsonNode pod : pods) {
      ExcessStats.add(lines, pod, runtime);
      VolumeStats.add(lines, volumes.apply(StaticPods.uid(pod)));
    }
    lines.add("kubelet_node_name", 1, "node", node);
    lines.add("kubelet_running_containers", running.size(), "container_state", "running");
    lines.add("kubelet_running_pods", running.stream().map(Running::pod).distinct().count());
    lines.add(OWN_USERS + TOTAL, ownUsers.begun());
    lines.add(OWN_USERS + ERRORS + TOTAL, ownUsers.failed());
    return lines.toString();
  }

  /// `/stats/summary`.
  ///
  /// @param started when the node did
  public ObjectNode summary(JsonNode pods, Instant started) {
    ObjectNode summary = Api.object();
    ObjectNode own =
        summary.putObject("node").put("nodeName", node).put("startTime", time(started));
    meter
        .ofNode()
        .ifPresent(
            figure -> use(own, figure, meter.totalOfNode().orElse(null), Machine.memoryBytes()));
    fileSystem(own.putObject("fs"));
    fileSystem(own.putObject("runtime").putObject("imageFs"));
    processes(own.putObject("rlimit"));
    var list = summary.putArray("pods");
    for (JsonNode pod : pods) {
      list.add(pod(pod));
    }
    return summary;
  }

  private ObjectNode pod(JsonNode pod) {
    JsonNode metadata = pod.path("metadata");
    ObjectNode stats = Api.object();
    ObjectNode reference = stats.putObject("podRef");
    for (String each : List.of("name", "namespace", "uid")) {
      reference.put(each, metadata.path(each).asText());
    }
    stats.put("startTime", pod.path("status").path("startTime").asText());
    var containers = stats.putArray("containers");
    Map<String, Figure> figures = meter.ofPod(StaticPods.uid(pod));
    long cores = 0;
    long nanos = 0;
    long memory = 0;
    @Nullable Instant at = null;
    for (Running each : running(Api.object().putArray("items").add(pod))) {
      ObjectNode shown = containers.addObject().put("name", each.container().name());
      shown.put("startTime", time(each.container().started()));
      @Nullable Figure figure = figures.get(each.container().name());
      if (figure != null) {
        @Nullable Total total = meter.total(each.container().id()).orElse(null);
        use(shown, figure, total, 0);
        cores += figure.nanoCores();
        memory += figure.memoryBytes();
        nanos += total == null ? 0 : total.used().cpuNanos();
        at = figure.at();
      }
    }
    if (at != null) {
      ObjectNode cpu = stats.putObject("cpu").put("time", time(at));
      cpu.put("usageNanoCores", cores).put("usageCoreNanoSeconds", nanos);
      stats.putObject("memory").put("time", time(at)).put("workingSetBytes", memory);
    }
    VolumeStats.add(stats, pod, volumes.apply(StaticPods.uid(pod)));
    return stats;
  }

  private static void use(ObjectNode of, Figure figure, @Nullable Total total, long bytesMax) {
    ObjectNode cpu = of.putObject("cpu").put("time", time(figure.at()));
    cpu.put("usageNanoCores", figure.nanoCores());
    if (total != null) {
      cpu.put("usageCoreNanoSeconds", total.used().cpuNanos());
    }
    ObjectNode memory = of.putObject("memory").put("time", time(figure.at()));
    if (bytesMax > 0) {
      memory.put("availableBytes", Math.max(0, bytesMax - figure.memoryBytes()));
    }
    memory.put("workingSetBytes", figure.memoryBytes());
  }

  private void fileSystem(ObjectNode shown) {
    try {
      var store = Files.getFileStore(folder);
      shown.put("time", time(clock.instant()));
      shown.put("availableBytes", store.getUsableSpace());
      shown.put("capacityBytes", store.getTotalSpace());
      shown.put("usedBytes", store.getTotalSpace() - store.getUnallocatedSpace());
      FileSystemFigures.Inodes inodes = FileSystemFigures.inodes(folder);
      shown.put("inodesFree", inodes.free()).put("inodes", inodes.all());
      shown.put("inodesUsed", inodes.all() - inodes.free());
    } catch (IOException e) {
      throw new UncheckedIOException("the file system of " + folder, e);
    }
  }

  /// `maxpid` and `curproc`, where the system says them.
  private void processes(ObjectNode shown) {
    try {
      String most = Files.readString(Path.of("/proc/sys/kernel/pid_max")).strip();
      String all =
          Files.readString(Path.of("/proc/loadavg")).replaceAll("^.*/([0-9]+) .*\\s*$", "$1");
      shown.put("time", time(clock.instant()));
      shown.put("maxpid", Long.parseLong(most)).put("curproc", Long.parseLong(all.strip()));
    } catch (IOException e) {
      throw new UncheckedIOException("processes of the machine", e);
    }
  }

  private static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
