// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// Extended attributes outside of `user.`, which Java does not reach.
public final class ExtendedAttributes {
  private static final MethodHandle SET =
      CLibrary.function(
          "lsetxattr",
          ValueLayout.ADDRESS,
          ValueLayout.ADDRESS,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_INT);

  private ExtendedAttributes() {}

  /// @throws IOException when the file system keeps none, or it is not allowed
  public static void set(Path path, String name, byte[] value) throws IOException {
    int status;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, value);
      status =
          (int)
              SET.invokeExact(
                  arena.allocateFrom(path.toString()),
                  arena.allocateFrom(name),
                  bytes,
                  (long) value.length,
                  0);
    } catch (Throwable e) {
      throw new IOException("setting " + name + " of " + path, e);
    }
    if (status != 0) {
      throw new IOException(name + " of " + path + " cannot be set");
    }
  }
}
