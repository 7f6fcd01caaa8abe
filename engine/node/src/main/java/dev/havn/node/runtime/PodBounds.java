// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Cgroups.Abilities;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What all containers of a pod may use together, as the control group around theirs has it.
///
/// Processes are always counted: numbers of them are what all pods and the machine share, and a pod
/// that starts more and more of them would take the last.
final class PodBounds {
  private static final Logger LOG = LoggerFactory.getLogger(PodBounds.class);
  private static final String MEMORY = "memory.limit_in_bytes";
  private static final String MEMORY_AND_SWAP = "memory.memsw.limit_in_bytes";
  private static final long WEIGHTS = 9_999;
  private static final long SHARES = 262_142;

  private final Map<String, Resources> applied = new ConcurrentHashMap<>();
  private final int processesMax;

  /// @param processesMax processes and threads of a pod; -1 for no bound
  PodBounds(int processesMax) {
    this.processesMax = processesMax;
  }

  /// Bounds a pod, and does nothing where it is bounded so already. A pod without limits may use as
  /// much memory and time as its containers may. The kernel lets no group have less than those in
  /// it, so a pod that shrinks is bounded anew when its containers have been.
  void apply(String group, Resources bounds) {
    try {
      write(group, bounds);
    } catch (IOException e) {
      LOG.info("the bounds of {} are tried again: {}", group, e.getMessage());
    }
  }

  /// Bounds a pod otherwise, which must succeed.
  ///
  /// @throws StartException in the kernel's words
  void change(String group, Resources bounds) {
    try {
      Cgroups.freeEmpty(group);
      write(group, bounds);
    } catch (IOException e) {
      throw new StartException("ResizeError", "resize: " + e.getMessage(), e);
    }
  }

  private void write(String group, Resources bounds) throws IOException {
    if (!bounds.equals(applied.get(group))) {
      Abilities abilities = Cgroups.abilities();
      long memoryNow =
          Cgroups.read(group, "memory", MEMORY).map(Long::parseUnsignedLong).orElse(Long.MAX_VALUE);
      Cgroups.write(group, files(bounds, processesMax, abilities, memoryNow));
      applied.put(group, bounds);
    }
  }

  void forget(String group) {
    applied.remove(group);
  }

  /// By controller and file.
  ///
  /// @param memoryNow the bound that the group has in version 1
  static Map<String, Map<String, String>> files(
      Resources bounds, int processesMax, Abilities abilities, long memoryNow) {
    Map<String, Map<String, String>> files = new LinkedHashMap<>();
    if (bounds.cpuQuotaMicros() > 0 || bounds.memoryBytes() > 0) {
      files.put("cpu", cpu(bounds, abilities.unified()));
    }
    if (bounds.memoryBytes() > 0) {
      files.put("memory", memory(bounds.memoryBytes(), abilities, memoryNow));
    }
    if (processesMax >= 0) {
      files.put("pids", Map.of("pids.max", String.valueOf(processesMax)));
    }
    return files;
  }

  /// Nothing of a pod is swapped, as containerd and a kubelet have it. Version 1 bounds memory and
  /// swap together, never below memory alone: which of both is written first matters.
  private static Map<String, String> memory(long bytes, Abilities abilities, long now) {
    Map<String, String> memory = new LinkedHashMap<>();
    String bound = String.valueOf(bytes);
    if (abilities.unified()) {
      memory.put("memory.max", bound);
      if (abilities.swap()) {
        memory.put("memory.swap.max", "0");
      }
      return memory;
    }
    if (abilities.swap() && bytes > now) {
      memory.put(MEMORY_AND_SWAP, bound);
    }
    memory.put(MEMORY, bound);
    if (abilities.swap()) {
      memory.putIfAbsent(MEMORY_AND_SWAP, bound);
    }
    return memory;
  }

  private static Map<String, String> cpu(Resources bounds, boolean unified) {
    Map<String, String> cpu = new LinkedHashMap<>();
    long quota = Math.max(RuncUpdate.CPU_QUOTA_MICROS_MIN, bounds.cpuQuotaMicros());
    if (unified) {
      cpu.put("cpu.weight", String.valueOf(1 + (bounds.cpuShares() - 2) * WEIGHTS / SHARES));
    } else {
      cpu.put("cpu.shares", String.valueOf(bounds.cpuShares()));
    }
    if (bounds.cpuQuotaMicros() > 0 && unified) {
      cpu.put("cpu.max", quota + " " + RuncUpdate.CPU_PERIOD_MICROS);
    } else if (bounds.cpuQuotaMicros() > 0) {
      cpu.put("cpu.cfs_period_us", String.valueOf(RuncUpdate.CPU_PERIOD_MICROS));
      cpu.put("cpu.cfs_quota_us", String.valueOf(quota));
    }
    return cpu;
  }
}
