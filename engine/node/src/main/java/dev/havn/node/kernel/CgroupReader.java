// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Reads control groups of both versions (the kernel's `admin-guide/cgroup-v1` and `cgroup-v2`),
/// with the names by which cAdvisor tells of them in mind. For many threads.
public final class CgroupReader {
  private static final long MICRO = 1_000;

  /// What the first version says instead of "no limit" is a page less than the largest number.
  private static final long LIMIT_MAX = 1L << 62;

  private static final BigInteger LARGEST = BigInteger.valueOf(Long.MAX_VALUE);
  private static final int DISKS_MAX = 256;

  /// Where the names of devices are, by their numbers.
  private static final Path BLOCK = Path.of("/sys/dev/block");

  private final Path root;

  /// @param root where control groups are mounted
  public CgroupReader(Path root) {
    this.root = root;
  }

  public static CgroupReader ofMachine() {
    return new CgroupReader(Path.of("/sys/fs/cgroup"));
  }

  /// Of a group by its name below the root of each hierarchy, the empty name for all processes;
  /// empty when there is no such group.
  public Optional<CgroupCounters> read(String name) {
    boolean isUnified = Files.exists(root.resolve("cgroup.controllers"));
    if (!Files.isDirectory(isUnified ? root.resolve(name) : group("memory", name))) {
      return Optional.empty();
    }
    Map<CgroupCounter, Long> all = new EnumMap<>(CgroupCounter.class);
    List<Long> processes = isUnified ? numbers(root.resolve(name)) : numbers(group("memory", name));
    if (!processes.isEmpty()) {
      all.put(CgroupCounter.PROCESSES, (long) processes.size());
    }
    if (isUnified) {
      unified(root.resolve(name), all);
      return Optional.of(new CgroupCounters(all, unifiedDisks(root.resolve(name)), processes));
    }
    processor(name, all);
    memory(group("memory", name), all);
    put(all, CgroupCounter.THREADS, number(group("pids", name).resolve("pids.current")));
    put(all, CgroupCounter.THREADS_MAX, number(group("pids", name).resolve("pids.max")));
    return Optional.of(new CgroupCounters(all, disks(group("blkio", name)), processes));
  }

  private Path group(String hierarchy, String name) {
    return root.resolve(hierarchy).resolve(name);
  }

  private void processor(String name, Map<CgroupCounter, Long> all) {
    Path accounts = group("cpuacct", name);
    put(all, CgroupCounter.CPU_NANOS, number(accounts.resolve("cpuacct.usage")));
    put(all, CgroupCounter.CPU_USER_NANOS, number(accounts.resolve("cpuacct.usage_user")));
    put(all, CgroupCounter.CPU_SYSTEM_NANOS, number(accounts.resolve("cpuacct.usage_sys")));
    Path cpu = group("cpu", name);
    Map<String, Long> stat = table(cpu.resolve("cpu.stat"));
    put(all, CgroupCounter.PERIODS, stat.get("nr_periods"));
    put(all, CgroupCounter.THROTTLED_PERIODS, stat.get("nr_throttled"));
    put(all, CgroupCounter.THROTTLED_NANOS, stat.get("throttled_time"));
    put(all, CgroupCounter.CPU_SHARES, number(cpu.resolve("cpu.shares")));
    put(all, CgroupCounter.CPU_PERIOD_MICROS, number(cpu.resolve("cpu.cfs_period_us")));
    @Nullable Long quota = number(cpu.resolve("cpu.cfs_quota_us"));
    if (quota != null && quota > 0) {
      all.put(CgroupCounter.CPU_QUOTA_MICROS, quota);
    }
  }

  private static void memory(Path group, Map<CgroupCounter, Long> all) {
    Map<String, Long> stat = table(group.resolve("memory.stat"));
    used(all, number(group.resolve("memory.usage_in_bytes")), stat.get("total_inactive_file"));
    put(all, CgroupCounter.ANONYMOUS, stat.get("total_rss"));
    put(all, CgroupCounter.FILE_CACHE, stat.get("total_cache"));
    put(all, CgroupCounter.MAPPED_FILES, stat.get("total_mapped_file"));
    put(all, CgroupCounter.SWAP, stat.get("total_swap"));
    put(all, CgroupCounter.PAGE_FAULTS, stat.get("total_pgfault"));
    put(all, CgroupCounter.MAJOR_PAGE_FAULTS, stat.get("total_pgmajfault"));
    put(all, CgroupCounter.MEMORY_PEAK, number(group.resolve("memory.max_usage_in_bytes")));
    put(all, CgroupCounter.LIMIT_HITS, number(group.resolve("memory.failcnt")));
    limit(all, CgroupCounter.MEMORY_LIMIT, number(group.resolve("memory.limit_in_bytes")));
    limit(
        all, CgroupCounter.MEMORY_RESERVATION, number(group.resolve("memory.soft_limit_in_bytes")));
    limit(all, CgroupCounter.SWAP_LIMIT, number(group.resolve("memory.memsw.limit_in_bytes")));
    put(
        all,
        CgroupCounter.OUT_OF_MEMORY_KILLS,
        table(group.resolve("memory.oom_control")).get("oom_kill"));
  }

  private static void unified(Path group, Map<CgroupCounter, Long> all) {
    Map<String, Long> cpu = table(group.resolve("cpu.stat"));
    micros(all, CgroupCounter.CPU_NANOS, cpu.get("usage_usec"));
    micros(all, CgroupCounter.CPU_USER_NANOS, cpu.get("user_usec"));
    micros(all, CgroupCounter.CPU_SYSTEM_NANOS, cpu.get("system_usec"));
    put(all, CgroupCounter.PERIODS, cpu.get("nr_periods"));
    put(all, CgroupCounter.THROTTLED_PERIODS, cpu.get("nr_throttled"));
    micros(all, CgroupCounter.THROTTLED_NANOS, cpu.get("throttled_usec"));
    String[] bound = text(group.resolve("cpu.max")).split("\\s+", -1);
    if (bound.length == 2) {
      put(all, CgroupCounter.CPU_QUOTA_MICROS, parsed(bound[0]));
      put(all, CgroupCounter.CPU_PERIOD_MICROS, parsed(bound[1]));
    }
    @Nullable Long weight = number(group.resolve("cpu.weight"));
    if (weight != null) {
      // As runtimes make weights of shares, the other way round.
      all.put(CgroupCounter.CPU_SHARES, (weight - 1) * 262_142 / 9_999 + 2);
    }
    unifiedMemory(group, all);
    put(all, CgroupCounter.THREADS, number(group.resolve("pids.current")));
    put(all, CgroupCounter.THREADS_MAX, number(group.resolve("pids.max")));
  }

  private static void unifiedMemory(Path group, Map<CgroupCounter, Long> all) {
    Map<String, Long> stat = table(group.resolve("memory.stat"));
    used(all, number(group.resolve("memory.current")), stat.get("inactive_file"));
    put(all, CgroupCounter.ANONYMOUS, stat.get("anon"));
    put(all, CgroupCounter.FILE_CACHE, stat.get("file"));
    put(all, CgroupCounter.MAPPED_FILES, stat.get("file_mapped"));
    put(all, CgroupCounter.SWAP, number(group.resolve("memory.swap.current")));
    put(all, CgroupCounter.PAGE_FAULTS, stat.get("pgfault"));
    put(all, CgroupCounter.MAJOR_PAGE_FAULTS, stat.get("pgmajfault"));
    put(all, CgroupCounter.MEMORY_PEAK, number(group.resolve("memory.peak")));
    Map<String, Long> events = table(group.resolve("memory.events"));
    put(all, CgroupCounter.LIMIT_HITS, events.get("max"));
    put(all, CgroupCounter.OUT_OF_MEMORY_KILLS, events.get("oom_kill"));
    @Nullable Long limit = number(group.resolve("memory.max"));
    limit(all, CgroupCounter.MEMORY_LIMIT, limit);
    put(all, CgroupCounter.MEMORY_RESERVATION, number(group.resolve("memory.low")));
    // This version bounds swap alone, the first one memory with it.
    @Nullable Long swap = number(group.resolve("memory.swap.max"));
    if (limit != null && swap != null) {
      all.put(CgroupCounter.SWAP_LIMIT, limit + swap);
    }
  }

  private static void used(
      Map<CgroupCounter, Long> all, @Nullable Long bytes, @Nullable Long inactive) {
    if (bytes != null) {
      all.put(CgroupCounter.MEMORY, bytes);
      long idle = inactive == null ? 0 : inactive;
      all.put(CgroupCounter.WORKING_SET, Math.max(0, bytes - idle));
    }
  }

  private static void put(Map<CgroupCounter, Long> all, CgroupCounter of, @Nullable Long value) {
    if (value != null) {
      all.put(of, value);
    }
  }

  private static void micros(Map<CgroupCounter, Long> all, CgroupCounter of, @Nullable Long value) {
    if (value != null) {
      all.put(of, value * MICRO);
    }
  }

  private static void limit(Map<CgroupCounter, Long> all, CgroupCounter of, @Nullable Long value) {
    if (value != null && value < LIMIT_MAX) {
      all.put(of, value);
    }
  }

  private static List<CgroupCounters.DiskTraffic> disks(Path group) {
    Map<String, Map<String, Long>> byDevice = new TreeMap<>();
    // A group may be counted without those below it; these are counted with them.
    for (String each : List.of("service_bytes", "serviced")) {
      for (String line : lines(group.resolve("blkio.throttle.io_" + each + "_recursive"))) {
        String[] parts = line.split("\\s+", -1);
        @Nullable Long value = parts.length == 3 ? parsed(parts[2]) : null;
        if (value != null) {
          byDevice.computeIfAbsent(parts[0], _ -> new HashMap<>()).put(each + parts[1], value);
        }
      }
    }
    return traffic(
        byDevice, "service_bytesRead", "service_bytesWrite", "servicedRead", "servicedWrite");
  }

  private static List<CgroupCounters.DiskTraffic> unifiedDisks(Path group) {
    Map<String, Map<String, Long>> byDevice = new TreeMap<>();
    for (String line : lines(group.resolve("io.stat"))) {
      String[] parts = line.split("\\s+", -1);
      for (int i = 1; i < parts.length; i++) {
        String[] of = parts[i].split("=", 2);
        @Nullable Long value = of.length == 2 ? parsed(of[1]) : null;
        if (value != null) {
          byDevice.computeIfAbsent(parts[0], _ -> new HashMap<>()).put(of[0], value);
        }
      }
    }
    return traffic(byDevice, "rbytes", "wbytes", "rios", "wios");
  }

  private static List<CgroupCounters.DiskTraffic> traffic(
      Map<String, Map<String, Long>> byDevice, String... words) {
    List<CgroupCounters.DiskTraffic> all = new ArrayList<>();
    byDevice.forEach(
        (device, of) -> {
          if (all.size() < DISKS_MAX) {
            all.add(
                new CgroupCounters.DiskTraffic(
                    name(device),
                    of.getOrDefault(words[0], 0L),
                    of.getOrDefault(words[1], 0L),
                    of.getOrDefault(words[2], 0L),
                    of.getOrDefault(words[3], 0L)));
          }
        });
    return all;
  }

  private static String name(String device) {
    try {
      Path link = Files.readSymbolicLink(BLOCK.resolve(device));
      return "/dev/" + link.getFileName();
    } catch (IOException unknown) {
      return device;
    }
  }

  private static List<Long> numbers(Path group) {
    List<Long> all = new ArrayList<>();
    for (String line : lines(group.resolve("cgroup.procs"))) {
      put(all, parsed(line));
    }
    return all;
  }

  private static void put(List<Long> all, @Nullable Long value) {
    if (value != null) {
      all.add(value);
    }
  }

  private static Map<String, Long> table(Path file) {
    Map<String, Long> table = new HashMap<>();
    for (String line : lines(file)) {
      String[] parts = line.split("\\s+", -1);
      @Nullable Long value = parts.length == 2 ? parsed(parts[1]) : null;
      if (value != null) {
        table.put(parts[0], value);
      }
    }
    return table;
  }

  private static @Nullable Long number(Path file) {
    return parsed(text(file));
  }

  /// Null for what is no number, such as `max`.
  private static @Nullable Long parsed(String text) {
    if (!text.matches("-?[0-9]{1,20}")) {
      return null;
    }
    return new BigInteger(text).min(LARGEST).longValue();
  }

  private static List<String> lines(Path file) {
    return text(file).lines().toList();
  }

  /// Empty for a file that is not there: kernels have more of them or fewer.
  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException absent) {
      return "";
    }
  }
}
