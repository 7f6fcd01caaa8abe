// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import java.util.ArrayList;
import java.util.List;

/// The words of `runc update` that give a running container other bounds.
final class RuncUpdate {
  static final long CPU_PERIOD_MICROS = 100_000;
  static final long CPU_QUOTA_MICROS_MIN = 1_000;

  private RuncUpdate() {}

  static String[] words(String containerId, Resources resources) {
    List<String> words = new ArrayList<>(List.of("update"));
    words.add("--cpu-share=" + resources.cpuShares());
    words.add("--cpu-period=" + CPU_PERIOD_MICROS);
    long quota = resources.cpuQuotaMicros();
    words.add("--cpu-quota=" + (quota == 0 ? -1 : Math.max(CPU_QUOTA_MICROS_MIN, quota)));
    if (resources.memoryBytes() > 0) {
      words.add("--memory=" + resources.memoryBytes());
    }
    words.add(containerId);
    return words.toArray(String[]::new);
  }
}
