// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Instant;

/// Times of files without opening them, which Java does and which a pipe never ends; of links,
/// their own.
public final class FileTimes {
  private static final MethodHandle SET =
      CLibrary.function(
          "utimensat",
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_INT);
  private static final int AT_WORKING_FOLDER = -100;
  private static final int NO_FOLLOW = 0x100;

  private FileTimes() {}

  /// Sets when a file, or a link itself, was last modified and read.
  ///
  /// @throws IOException when it is not there, or not allowed
  public static void modified(Path path, Instant time) throws IOException {
    int status;
    try (Arena arena = Arena.ofConfined()) {
      long seconds = time.getEpochSecond();
      long nanos = time.getNano();
      MemorySegment both =
          arena.allocateFrom(ValueLayout.JAVA_LONG, seconds, nanos, seconds, nanos);
      status =
          (int)
              SET.invokeExact(
                  AT_WORKING_FOLDER, arena.allocateFrom(path.toString()), both, NO_FOLLOW);
    } catch (Throwable e) {
      throw new IOException("setting the time of " + path, e);
    }
    if (status != 0) {
      throw new IOException("the time of " + path + " cannot be set");
    }
  }
}
