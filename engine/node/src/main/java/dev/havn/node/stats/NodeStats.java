// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.kernel.FileSystemFigures;
import dev.havn.node.kernel.FileSystemFigures.Space;
import dev.havn.node.pod.OwnUsersCount;
import dev.havn.node.pod.ProbeCounts;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.usage.UsageMeter;
import dev.havn.node.usage.UsageMeter.Total;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The figures of one node, its pods and their containers: `stats/summary` (version v1alpha1 of the
/// kubelet's), and its metrics, among them those that a metrics-server reads.
///
/// @param volumes how full those of a pod are that drivers brought, by the pod's uid
/// @param disks what pods take of the disk
/// @param folder on the file system that pods and images share
public record NodeStats(
    String node,
    ContainerRuntime runtime,
    UsageMeter meter,
    Counters counters,
    ProbeCounts probes,
    OwnUsersCount ownUsers,
    Function<String, List<VolumeFigures>> volumes,
    PodDiskMeter disks,
    Path folder,
    InstantSource clock) {
  private static final double SECOND_NANOS = 1e9;
  private static final String POD_LABEL = "pod";
  private static final String OWN_USERS = "kubelet_started_user_namespaced_pods";
  private static final String ERRORS = "_errors";
  private static final String TOTAL = "_total";

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
    for (Running each : Running.of(pod, runtime)) {
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

  /// `/metrics/cadvisor`.
  public String containerMetrics(JsonNode pods) {
    keepDisks(pods);
    try {
      String device = Files.getFileStore(folder).name();
      return new ContainerMetrics(this, device, clock.instant()).of(pods);
    } catch (IOException e) {
      throw new UncheckedIOException("the file system of " + folder, e);
    }
  }

  private void keepDisks(JsonNode pods) {
    Set<String> uids = new HashSet<>();
    pods.forEach(pod -> uids.add(StaticPods.uid(pod)));
    disks.keep(uids);
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
    List<Running> running = new ArrayList<>();
    VolumeStats.announce(lines);
    ExcessStats.announce(lines);
    for (JsonNode pod : pods) {
      ExcessStats.add(lines, pod, runtime);
      running.addAll(Running.of(pod, runtime));
      VolumeStats.add(lines, volumes.apply(StaticPods.uid(pod)));
      disks.look(pod).ifPresent(disk -> VolumeStats.add(lines, disk.figures()));
    }
    lines.add("kubelet_node_name", 1, "node", node);
    lines.add("kubelet_running_containers", running.size(), "container_state", "running");
    lines.add("kubelet_running_pods", running.stream().map(Running::pod).distinct().count());
    lines.add(OWN_USERS + TOTAL, ownUsers.begun());
    lines.add(OWN_USERS + ERRORS + TOTAL, ownUsers.failed());
    return lines.toString();
  }

  /// `/stats/summary?only_cpu_and_memory=true`: whoever asks often asks for that, since no disk is
  /// walked for it.
  ///
  /// @param pods those of this node
  /// @param started when the node did
  public ObjectNode use(JsonNode pods, Instant started) {
    return new Summary(this, null, clock.instant()).of(pods, started);
  }

  /// `/stats/summary`, all of it.
  ///
  /// @param pods those of this node
  /// @param started when the node did
  public ObjectNode summary(JsonNode pods, Instant started) {
    keepDisks(pods);
    try {
      Path place = folder.toAbsolutePath();
      @Nullable Space space = FileSystemFigures.spaces(List.of(place)).get(place);
      if (space == null) {
        throw new IOException("it is not there");
      }
      return new Summary(this, space, clock.instant()).of(pods, started);
    } catch (IOException e) {
      throw new UncheckedIOException("the file system of " + folder, e);
    }
  }
}
