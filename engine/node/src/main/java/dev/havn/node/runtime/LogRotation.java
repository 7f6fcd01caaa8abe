// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// Keeps the logs of a container within bounds, those of the kubelet: `log`, and beside it `log.1`,
/// the one before, to `log.4`.
final class LogRotation {
  static final long FILE_BYTES_MAX = 10L << 20;
  static final int FILES_MAX = 5;

  private final Reopening reopening;

  /// Makes the writer of a container's log begin a new one.
  @FunctionalInterface
  interface Reopening {
    void reopen(Path home) throws IOException;
  }

  LogRotation(Reopening reopening) {
    this.reopening = reopening;
  }

  /// Moves a log out of the way that has grown too large. One that is missing was moved by a look
  /// that ended there: whoever writes to it still does so where it lies now.
  ///
  /// @return whether it had, and may soon have again
  boolean look(Path home) throws IOException {
    Path log = home.resolve("log");
    if (!Files.exists(log)) {
      reopening.reopen(home);
      return false;
    }
    if (Files.size(log) < FILE_BYTES_MAX) {
      return false;
    }
    for (int number = FILES_MAX - 2; number >= 1; number--) {
      Path older = home.resolve("log." + number);
      if (Files.exists(older)) {
        Files.move(older, home.resolve("log." + (number + 1)), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.move(log, home.resolve("log.1"), StandardCopyOption.ATOMIC_MOVE);
    reopening.reopen(home);
    return true;
  }
}
