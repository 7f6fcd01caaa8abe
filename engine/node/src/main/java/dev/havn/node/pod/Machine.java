// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

  /// Of all swap, 0 when there is none.
  public static long swapBytes() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalSwapSpaceSize()
        : 0;
  }

  public static long swapBytesFree() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getFreeSwapSpaceSize()
        : 0;
  }

  /// The size of the disk that a folder lies on, or will lie on when it is made.
  public static long diskBytes(Path folder) {
    return existing(folder).getTotalSpace();
  }

  /// What is left of it for anybody.
  public static long diskBytesLeft(Path folder) {
    return existing(folder).getUsableSpace();
  }

  private static File existing(Path folder) {
    File at = folder.toAbsolutePath().toFile();
    for (@Nullable File up = at; up != null && at.getTotalSpace() == 0; up = up.getParentFile()) {
      at = up;
    }
    return at;
  }

  /// What a node has for its pods, by resource, as its status says it.
  ///
  /// @param folder on the disk that containers write to
  static Map<String, BigDecimal> allocatable(Path folder) {
    return Map.of(
        "cpu", BigDecimal.valueOf(Runtime.getRuntime().availableProcessors()),
        "memory", BigDecimal.valueOf(wholeKibibytes(memoryBytes())),
        "ephemeral-storage", BigDecimal.valueOf(wholeKibibytes(diskBytes(folder))));
  }

  private static long wholeKibibytes(long bytes) {
    return bytes / 1024 * 1024;
  }

  /// Processors and bytes, by resource.
  static Map<String, BigDecimal> capacity() {
    return Map.of(
        "cpu", BigDecimal.valueOf(Runtime.getRuntime().availableProcessors()),
        "memory", BigDecimal.valueOf(memoryBytes()));
  }
}
