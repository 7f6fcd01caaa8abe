// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A process that is still the same one: its number, and when it started.
///
/// @param started in ticks of the kernel
public record ProcessIdentity(long pid, long started) {
  /// Of what follows the name in a line of `/proc/PID/stat`; see proc(5).
  private static final int START_TIME = 19;

  /// Reads a line as `/proc/PID/stat` has it; empty when it is not there or not whole.
  public static Optional<ProcessIdentity> read(Path file) {
    try {
      String line = Files.readString(file);
      int name = line.lastIndexOf(')');
      if (name < 0 || !line.endsWith("\n")) {
        return Optional.empty();
      }
      String pid = line.substring(0, line.indexOf(' '));
      String[] rest = line.substring(name + 2).strip().split(" ");
      boolean zombie = rest[0].equals("Z") || rest[0].equals("X");
      return zombie
          ? Optional.empty()
          : Optional.of(new ProcessIdentity(Long.parseLong(pid), Long.parseLong(rest[START_TIME])));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  public boolean isAlive() {
    @Nullable ProcessIdentity now = read(Path.of("/proc/" + pid + "/stat")).orElse(null);
    return equals(now);
  }

  /// Sends a signal, if it is still the same process.
  ///
  /// @param signal `TERM`, `KILL`
  /// @param group whether to its whole group
  public void signal(String signal, boolean group) throws IOException {
    if (isAlive()) {
      Program.run(List.of("kill", "-" + signal, "--", (group ? "-" : "") + pid));
    }
  }
}
