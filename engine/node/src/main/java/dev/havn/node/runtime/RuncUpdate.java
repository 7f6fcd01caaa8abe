// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What gives a running container other bounds: the words of `runc update`.
final class RuncUpdate {
  static final long CPU_PERIOD_MICROS = 100_000;
  static final long CPU_QUOTA_MICROS_MIN = 1_000;

  private RuncUpdate() {}

  /// @param lifting whether the program can take a bound of processor time away, which crun writes
  ///   to version 1 as a number that is no bound's
  /// @param swap whether the machine bounds swap
  static String[] words(String containerId, Resources resources, boolean lifting, boolean swap) {
    List<String> words = new ArrayList<>(List.of("update"));
    words.add("--cpu-share=" + resources.cpuShares());
    words.add("--cpu-period=" + CPU_PERIOD_MICROS);
    long quota = resources.cpuQuotaMicros();
    if (quota > 0) {
      words.add("--cpu-quota=" + Math.max(CPU_QUOTA_MICROS_MIN, quota));
    } else if (lifting) {
      words.add("--cpu-quota=-1");
    }
    if (resources.memoryBytes() > 0) {
      words.add("--memory=" + resources.memoryBytes());
      if (swap) {
        // Memory and swap together: with both it knows which to write first.
        words.add("--memory-swap=" + resources.memoryBytes());
      }
    }
    words.add(containerId);
    return words.toArray(String[]::new);
  }

  /// By controller and file, what takes a bound of processor time away.
  ///
  /// @param unified whether the machine has version 2
  static Map<String, Map<String, String>> withoutQuota(boolean unified) {
    return Map.of("cpu", unified ? Map.of("cpu.max", "max") : Map.of("cpu.cfs_quota_us", "-1"));
  }
}
