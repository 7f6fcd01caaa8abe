// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// What a process and those it has started use, where they have no control group of their own.
/// Pages that several share count for each; what ended unseen by its parent is not counted.
public final class ProcessFigures {
  /// Of what follows the name in a line of `/proc/PID/stat`; see proc(5).
  private static final int USER_TIME = 11;

  /// User and system time, and those of children that have ended.
  private static final int TIMES = 4;

  /// `USER_HZ` is the same on all of Linux' machines that Java runs on.
  private static final long NANOS_PER_TICK = 10_000_000L;

  private static final long KIBI = 1_024;

  private ProcessFigures() {}

  /// Empty when the process has ended.
  public static Optional<Consumption> of(long pid) {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) {
      return Optional.empty();
    }
    long cpu = 0;
    long memory = 0;
    for (ProcessHandle each :
        Stream.concat(process.stream(), process.get().descendants()).toList()) {
      cpu += ticks(each.pid()) * NANOS_PER_TICK;
      memory += residentBytes(each.pid());
    }
    return Optional.of(new Consumption(cpu, memory));
  }

  private static long ticks(long pid) {
    try {
      String line = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] rest = line.substring(line.lastIndexOf(')') + 2).strip().split(" ");
      long sum = 0;
      for (int i = USER_TIME; i < USER_TIME + TIMES; i++) {
        sum += Long.parseLong(rest[i]);
      }
      return sum;
    } catch (IOException ended) {
      return 0;
    }
  }

  private static long residentBytes(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) * KIBI;
        }
      }
      return 0;
    } catch (IOException ended) {
      return 0;
    }
  }
}
