// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Map;

/// The machine a node stands for.
public final class Machine {
  private static final long MEMORY_BYTES = readMemory();

  private Machine() {}

  /// As it was when the process began: to ask again costs several reads of files.
  public static long memoryBytes() {
    return MEMORY_BYTES;
  }

  private static long readMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : Runtime.getRuntime().maxMemory();
  }

  /// The size of the disk that a folder lies on, or will lie on when it is made.
  public static long diskBytes(Path folder) {
    long bytes = 0;
    for (Path at = folder.toAbsolutePath(); bytes == 0 && at != null; at = at.getParent()) {
      bytes = at.toFile().getTotalSpace();
    }
    return bytes;
  }

  /// Processors and bytes, by resource.
  static Map<String, BigDecimal> capacity() {
    return Map.of(
        "cpu", BigDecimal.valueOf(Runtime.getRuntime().availableProcessors()),
        "memory", BigDecimal.valueOf(memoryBytes()));
  }
}
