// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.store.LogStore;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Instant;

/// What the process counts besides requests: the store's disk, memory, the JVM.
final class ServerMetrics {
  private ServerMetrics() {}

  static void store(MetricsText text, LogStore store, Path folder) {
    text.metric("apiserver_storage_size_bytes", "gauge", "Bytes of the store on disk.");
    text.sample(
        "apiserver_storage_size_bytes", "storage_cluster_id=\"havn\"", Usage.bytesOf(folder));
    text.metric(
        "etcd_disk_wal_fsync_duration_seconds", "histogram", "Time the store's disk took to sync.");
    text.durations("etcd_disk_wal_fsync_duration_seconds", "", store.syncs());
  }

  static void process(MetricsText text, Instant started) {
    text.metric("process_start_time_seconds", "gauge", "When the process began.");
    text.sample("process_start_time_seconds", "", started.toEpochMilli() / 1_000.0);
    text.metric("process_resident_memory_bytes", "gauge", "Memory of the process.");
    text.sample("process_resident_memory_bytes", "", Usage.residentBytes());
    text.metric("process_cpu_seconds_total", "counter", "Processor time of the process.");
    text.sample("process_cpu_seconds_total", "", cpuSeconds());
    Runtime runtime = Runtime.getRuntime();
    text.metric("jvm_memory_used_bytes", "gauge", "Heap in use.");
    text.sample(
        "jvm_memory_used_bytes", "area=\"heap\"", runtime.totalMemory() - runtime.freeMemory());
    text.metric("jvm_memory_committed_bytes", "gauge", "Heap taken from the system.");
    text.sample("jvm_memory_committed_bytes", "area=\"heap\"", runtime.totalMemory());
    text.metric("jvm_gc_collection_seconds", "summary", "Collections and their time.");
    ManagementFactory.getGarbageCollectorMXBeans()
        .forEach(
            collector -> {
              String gc = "gc=\"" + collector.getName() + "\"";
              text.sample("jvm_gc_collection_seconds_count", gc, collector.getCollectionCount());
              text.sample(
                  "jvm_gc_collection_seconds_sum", gc, collector.getCollectionTime() / 1_000.0);
            });
    text.metric("jvm_threads_current", "gauge", "Platform threads.");
    text.sample("jvm_threads_current", "", ManagementFactory.getThreadMXBean().getThreadCount());
  }

  private static double cpuSeconds() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(duration -> duration.toMillis() / 1_000.0)
        .orElse(0.0);
  }
}
