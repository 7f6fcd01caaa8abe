// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The processor time that processes have used so far, as Linux tells it: 0 for none.
record ServerTime(List<String> processes) {
  private static final double TICKS_PER_SECOND = 100;

  /// That of all threads, in the program and in the kernel.
  double seconds() {
    long ticks = 0;
    for (String process : processes) {
      String stat = read(Path.of("/proc", process, "stat"));
      // Behind the name, which may hold anything, the 12th and 13th field.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      ticks += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }
    return ticks / TICKS_PER_SECOND;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
