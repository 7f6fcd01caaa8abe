// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.lang.management.ManagementFactory;

/// The machine a node stands for.
public final class Machine {
  private Machine() {}

  public static long memoryBytes() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : Runtime.getRuntime().maxMemory();
  }
}
