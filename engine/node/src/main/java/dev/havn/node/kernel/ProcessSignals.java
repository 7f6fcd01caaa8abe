// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Which signals a process takes, as `/proc/PID/status` shows it; see proc(5).
public final class ProcessSignals {
  private static final String CAUGHT = "SigCgt:";
  private static final int TERM = 15;

  private ProcessSignals() {}

  /// Whether a process does something when it is asked to end.
  public static boolean listensToEnd(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith(CAUGHT)) {
          long caught = Long.parseUnsignedLong(line.substring(CAUGHT.length()).strip(), 16);
          return (caught >> (TERM - 1) & 1) == 1;
        }
      }
      return false;
    } catch (IOException gone) {
      return false;
    }
  }

  /// Sends SIGTERM.
  public static void askToEnd(long pid) {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    process.ifPresent(ProcessHandle::destroy);
  }
}
