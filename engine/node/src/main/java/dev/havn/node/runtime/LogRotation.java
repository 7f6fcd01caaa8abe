// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/// Keeps the logs of a container within bounds, those of the kubelet: `log`, and beside it `log.1`,
/// the one before, to `log.4`. Where a flood lets them be larger than they should, there are fewer.
final class LogRotation {
  static final long FILE_BYTES_MAX = 10L << 20;
  static final int FILES_MAX = 5;

  /// Of the older ones together.
  static final long OLDER_BYTES_MAX = 2 * FILES_MAX * FILE_BYTES_MAX;

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
  /// @return how large it had grown, 0 when it stays
  long look(Path home) throws IOException {
    Path log = home.resolve("log");
    if (!Files.exists(log)) {
      reopening.reopen(home);
      return 0;
    }
    long bytes = Files.size(log);
    if (bytes < FILE_BYTES_MAX) {
      return 0;
    }
    for (int number = FILES_MAX - 2; number >= 1; number--) {
      Path older = older(home, number);
      if (Files.exists(older)) {
        Files.move(older, older(home, number + 1), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.move(log, older(home, 1), StandardCopyOption.ATOMIC_MOVE);
    reopening.reopen(home);
    bound(home);
    return bytes;
  }

  /// All that a container's log may be in.
  static List<Path> files(Path home) {
    List<Path> files = new ArrayList<>(List.of(home.resolve("log")));
    for (int number = 1; number < FILES_MAX; number++) {
      files.add(older(home, number));
    }
    return files;
  }

  private static Path older(Path home, int number) {
    return home.resolve("log." + number);
  }

  /// Deletes the oldest of those that are too many bytes together; the newest stays in any case.
  private static void bound(Path home) throws IOException {
    long bytes = 0;
    for (int number = 1; number < FILES_MAX; number++) {
      Path older = older(home, number);
      bytes += Files.exists(older) ? Files.size(older) : 0;
      if (number > 1 && bytes > OLDER_BYTES_MAX) {
        Files.deleteIfExists(older);
      }
    }
  }

  /// Gives a container that has ended its last log back: whoever wrote it was gone when it was
  /// moved, and began no other.
  void giveBack(Path home) throws IOException {
    if (!Files.exists(home.resolve("log")) && Files.exists(older(home, 1))) {
      Files.move(older(home, 1), home.resolve("log"), StandardCopyOption.ATOMIC_MOVE);
    }
  }
}
