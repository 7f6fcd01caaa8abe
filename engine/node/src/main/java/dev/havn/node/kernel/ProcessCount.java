// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How many processes and threads a machine has, and how many it may have.
public record ProcessCount(long running, long max) {
  private static final Pattern LOAD = Pattern.compile("\\S+ \\S+ \\S+ [0-9]+/([0-9]{1,18}) [0-9]+");

  public static ProcessCount ofMachine() throws IOException {
    return read(Path.of("/proc"));
  }

  static ProcessCount read(Path proc) throws IOException {
    Matcher load = LOAD.matcher(Files.readString(proc.resolve("loadavg")).strip());
    if (!load.matches()) {
      throw new IOException("loadavg tells no processes");
    }
    Path kernel = proc.resolve("sys/kernel");
    long max = Math.min(number(kernel.resolve("pid_max")), number(kernel.resolve("threads-max")));
    return new ProcessCount(Long.parseLong(load.group(1)), max);
  }

  private static long number(Path file) throws IOException {
    String text = Files.readString(file).strip();
    if (!text.matches("[0-9]{1,18}")) {
      throw new IOException(file + " is no number: " + text);
    }
    return Long.parseLong(text);
  }
}
