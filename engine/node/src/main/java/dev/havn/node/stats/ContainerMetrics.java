// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.kernel.CgroupCounter;
import dev.havn.node.kernel.CgroupCounters;
import dev.havn.node.kernel.NetworkCounters.Link;
import dev.havn.node.pod.Machine;
import dev.havn.node.pod.StaticPods;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// `/metrics/cadvisor`: by cAdvisor's names and with its labels, what the kernel counts of the
/// machine (`id="/"`), of pods (without the label `container`) and of their containers.
///
/// @param device that the disk of pods is
/// @param now when the kernel's counters are read
record ContainerMetrics(NodeStats stats, String device, Instant now) {
  private static final String COUNTER = "counter";
  private static final String GAUGE = "gauge";
  private static final String CPU_TIME = "container_cpu_usage_seconds_total";
  private static final String FAILURES = "container_memory_failures_total";
  private static final String DISK = "container_fs_usage_bytes";
  private static final String STARTED = "container_start_time_seconds";
  private static final double SECOND = 1e9;

  /// @param whenAbsent told of a container of which the kernel says nothing, negative for silence
  private record Family(
      String name, String type, String help, CgroupCounter counter, double unit, long whenAbsent) {
    static Family counter(String name, String help, CgroupCounter of) {
      return new Family(name, COUNTER, help, of, 1, -1);
    }

    static Family seconds(String name, String help, CgroupCounter of) {
      return new Family(name, COUNTER, help, of, SECOND, -1);
    }

    static Family gauge(String name, String help, CgroupCounter of) {
      return new Family(name, GAUGE, help, of, 1, -1);
    }

    /// Without a limit it is 0.
    static Family limit(String name, String help, CgroupCounter of) {
      return new Family(name, GAUGE, help, of, 1, 0);
    }
  }

  private static final List<Family> FAMILIES =
      List.of(
          Family.seconds(
              "container_cpu_user_seconds_total",
              "Cumulative user cpu time consumed in seconds.",
              CgroupCounter.CPU_USER_NANOS),
          Family.seconds(
              "container_cpu_system_seconds_total",
              "Cumulative system cpu time consumed in seconds.",
              CgroupCounter.CPU_SYSTEM_NANOS),
          Family.gauge(
              "container_memory_usage_bytes",
              "Current memory usage in bytes, with what can be taken back.",
              CgroupCounter.MEMORY),
          Family.gauge(
              "container_memory_working_set_bytes",
              "Current working set in bytes.",
              CgroupCounter.WORKING_SET),
          Family.gauge("container_memory_rss", "Size of RSS in bytes.", CgroupCounter.ANONYMOUS),
          Family.gauge(
              "container_memory_cache",
              "Number of bytes of page cache memory.",
              CgroupCounter.FILE_CACHE),
          Family.gauge(
              "container_memory_mapped_file",
              "Size of memory mapped files in bytes.",
              CgroupCounter.MAPPED_FILES),
          Family.gauge(
              "container_memory_swap", "Container swap usage in bytes.", CgroupCounter.SWAP),
          Family.counter(
              "container_memory_failcnt",
              "Number of times that memory usage hit its limit.",
              CgroupCounter.LIMIT_HITS),
          Family.gauge(
              "container_memory_max_usage_bytes",
              "Maximum memory usage recorded in bytes.",
              CgroupCounter.MEMORY_PEAK),
          Family.counter(
              "container_oom_events_total",
              "Count of out of memory events observed for the container.",
              CgroupCounter.OUT_OF_MEMORY_KILLS),
          Family.gauge(
              "container_processes",
              "Number of processes running inside the container.",
              CgroupCounter.PROCESSES),
          Family.gauge(
              "container_threads",
              "Number of threads running inside the container.",
              CgroupCounter.THREADS),
          Family.limit(
              "container_threads_max",
              "Maximum number of threads allowed inside the container, 0 without a limit.",
              CgroupCounter.THREADS_MAX),
          Family.gauge(
              "container_spec_cpu_period",
              "CPU period of the container.",
              CgroupCounter.CPU_PERIOD_MICROS),
          Family.gauge(
              "container_spec_cpu_quota",
              "CPU quota of the container.",
              CgroupCounter.CPU_QUOTA_MICROS),
          Family.gauge(
              "container_spec_cpu_shares", "CPU share of the container.", CgroupCounter.CPU_SHARES),
          Family.limit(
              "container_spec_memory_limit_bytes",
              "Memory limit for the container, 0 without one.",
              CgroupCounter.MEMORY_LIMIT),
          Family.limit(
              "container_spec_memory_reservation_limit_bytes",
              "Memory reservation limit for the container, 0 without one.",
              CgroupCounter.MEMORY_RESERVATION),
          Family.limit(
              "container_spec_memory_swap_limit_bytes",
              "Memory swap limit for the container, 0 without one.",
              CgroupCounter.SWAP_LIMIT));

  /// Told of groups only that have a quota.
  private static final List<Family> QUOTA =
      List.of(
          Family.counter(
              "container_cpu_cfs_periods_total",
              "Number of elapsed enforcement period intervals.",
              CgroupCounter.PERIODS),
          Family.counter(
              "container_cpu_cfs_throttled_periods_total",
              "Number of throttled period intervals.",
              CgroupCounter.THROTTLED_PERIODS),
          Family.seconds(
              "container_cpu_cfs_throttled_seconds_total",
              "Total time duration the container has been throttled.",
              CgroupCounter.THROTTLED_NANOS));

  private static final List<String> DISKS =
      List.of(
          "container_fs_reads_bytes_total",
          "container_fs_writes_bytes_total",
          "container_fs_reads_total",
          "container_fs_writes_total");

  private static final List<String> LINKS =
      List.of(
          "container_network_receive_bytes_total",
          "container_network_receive_packets_total",
          "container_network_receive_errors_total",
          "container_network_receive_packets_dropped_total",
          "container_network_transmit_bytes_total",
          "container_network_transmit_packets_total",
          "container_network_transmit_errors_total",
          "container_network_transmit_packets_dropped_total");

  private static MetricLines announced() {
    MetricLines lines =
        new MetricLines().metric(CPU_TIME, COUNTER, "Cumulative cpu time consumed in seconds.");
    for (Family each : QUOTA) {
      lines.metric(each.name(), each.type(), each.help());
    }
    for (Family each : FAMILIES) {
      lines.metric(each.name(), each.type(), each.help());
    }
    lines.metric(FAILURES, COUNTER, "Cumulative count of memory allocation failures.");
    DISKS.forEach(each -> lines.metric(each, COUNTER, "Cumulative count of " + what(each)));
    lines.metric(DISK, GAUGE, "Number of bytes that are consumed by the container on its disk.");
    LINKS.forEach(each -> lines.metric(each, COUNTER, "Cumulative count of " + what(each)));
    return lines
        .metric(STARTED, GAUGE, "Start time of the container since unix epoch in seconds.")
        .metric("container_scrape_error", GAUGE, "1 when something could not be read.")
        .metric("machine_cpu_cores", GAUGE, "Number of logical CPU cores.")
        .metric("machine_memory_bytes", GAUGE, "Amount of memory installed on the machine.")
        .metric("machine_swap_bytes", GAUGE, "Amount of swap memory available on the machine.")
        .metric("machine_scrape_error", GAUGE, "1 when something could not be read.");
  }

  private static String what(String name) {
    return name.replaceFirst("^container_(fs|network)_", "")
            .replaceFirst("_total$", "")
            .replace('_', ' ')
        + ".";
  }

  String of(JsonNode pods) {
    MetricLines lines = announced();
    if (stats.meter().measures()) {
      machine(lines);
    }
    for (JsonNode pod : pods) {
      pod(lines, pod);
    }
    lines.add("container_scrape_error", 0);
    String[] labels = {
      "boot_id", stats.node(), "machine_id", stats.node(), "system_uuid", stats.node()
    };
    lines.add("machine_cpu_cores", Runtime.getRuntime().availableProcessors(), labels);
    lines.add("machine_memory_bytes", Machine.memoryBytes(), labels);
    lines.add("machine_swap_bytes", Machine.swapBytes(), labels);
    lines.add("machine_scrape_error", 0);
    return lines.toString();
  }

  private void machine(MetricLines lines) {
    String[] labels = labels("/", "", "", "", "", "");
    stats.counters().ofMachine().ifPresent(of -> group(lines, of, labels));
    network(lines, stats.counters().ofNode(), labels);
  }

  private void pod(MetricLines lines, JsonNode pod) {
    JsonNode metadata = pod.path("metadata");
    String uid = StaticPods.uid(pod);
    String namespace = metadata.path("namespace").asText();
    String name = metadata.path("name").asText();
    String group = "/kubepods/pod" + uid;
    String[] labels = labels(group, "", "", namespace, name, "");
    stats.counters().of(uid, "").ifPresent(of -> group(lines, of, labels));
    network(lines, stats.counters().ofPod(pod), labels);
    @Nullable PodDisk disk = stats.disks().look(pod).orElse(null);
    var unused = stats.meter().ofPod(uid);
    for (Running each : Running.of(pod, stats.runtime())) {
      String container = each.container().id();
      String[] own =
          labels(
              group + "/" + container,
              container,
              each.container().image(),
              namespace,
              name,
              each.container().name());
      Optional<CgroupCounters> counters = stats.counters().of(uid, container);
      if (counters.isPresent()) {
        group(lines, counters.get(), own);
      } else {
        metered(lines, container, own);
      }
      PodDisk.@Nullable Use use = disk == null ? null : disk.roots().get(each.container().name());
      if (disk != null && use != null) {
        lines.add(DISK, use.bytes(), disk.at(), with(own, "device", device));
      }
      lines.add(STARTED, each.container().started().getEpochSecond(), own);
    }
  }

  /// Of a runtime without control groups.
  private void metered(MetricLines lines, String container, String... labels) {
    stats
        .meter()
        .total(container)
        .ifPresent(
            total -> {
              double seconds = total.used().cpuNanos() / SECOND;
              lines.add(CPU_TIME, seconds, total.at(), with(labels, "cpu", "total"));
              lines.add(
                  "container_memory_working_set_bytes",
                  total.used().memoryBytes(),
                  total.at(),
                  labels);
            });
  }

  private void group(MetricLines lines, CgroupCounters of, String... labels) {
    of.get(CgroupCounter.CPU_NANOS)
        .ifPresent(nanos -> lines.add(CPU_TIME, nanos / SECOND, now, with(labels, "cpu", "total")));
    if (of.get(CgroupCounter.CPU_QUOTA_MICROS).isPresent()) {
      QUOTA.forEach(each -> family(lines, each, of, labels));
    }
    FAMILIES.forEach(each -> family(lines, each, of, labels));
    failures(lines, "pgfault", of.get(CgroupCounter.PAGE_FAULTS), labels);
    failures(lines, "pgmajfault", of.get(CgroupCounter.MAJOR_PAGE_FAULTS), labels);
    for (CgroupCounters.DiskTraffic each : of.disks()) {
      String[] own = with(labels, "device", each.device());
      lines.add(DISKS.get(0), each.readBytes(), now, own);
      lines.add(DISKS.get(1), each.writtenBytes(), now, own);
      lines.add(DISKS.get(2), each.reads(), now, own);
      lines.add(DISKS.get(3), each.writes(), now, own);
    }
  }

  private void family(MetricLines lines, Family family, CgroupCounters of, String... labels) {
    long value = of.get(family.counter()).orElse(family.whenAbsent());
    if (value >= 0) {
      lines.add(family.name(), value / family.unit(), now, labels);
    }
  }

  private void failures(MetricLines lines, String type, OptionalLong count, String... labels) {
    count.ifPresent(
        value ->
            lines.add(
                FAILURES, value, now, with(labels, "failure_type", type, "scope", "hierarchy")));
  }

  private void network(MetricLines lines, Counters.Network network, String... labels) {
    for (Link each : network.links()) {
      String[] own = with(labels, "interface", each.name());
      long[] values = {
        each.received().bytes(),
        each.received().packets(),
        each.received().errors(),
        each.received().dropped(),
        each.sent().bytes(),
        each.sent().packets(),
        each.sent().errors(),
        each.sent().dropped()
      };
      for (int i = 0; i < values.length; i++) {
        lines.add(LINKS.get(i), values[i], now, own);
      }
    }
  }

  private static String[] labels(
      String id, String name, String image, String namespace, String pod, String container) {
    return new String[] {
      "id",
      id,
      "name",
      name,
      "image",
      image,
      "namespace",
      namespace,
      "pod",
      pod,
      "container",
      container
    };
  }

  private static String[] with(String[] labels, String... more) {
    String[] all = Arrays.copyOf(labels, labels.length + more.length);
    System.arraycopy(more, 0, all, labels.length, more.length);
    return all;
  }
}
