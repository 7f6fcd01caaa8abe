// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// The system calls `mount` and `umount2`: a pod has several mounts, and a program for each would
/// cost more than the mount.
final class MountCalls {
  static final long NO_SUID = 2;
  static final long NO_DEVICES = 4;
  static final long NO_EXECUTION = 8;
  static final long BIND = 4_096;
  static final long RECURSIVE = 16_384;
  static final long PRIVATE = 1 << 18;
  static final long SHARED = 1 << 20;

  private static final int DETACH = 2;
  private static final int NO_FOLLOW = 8;

  private static final AddressLayout TEXT = ValueLayout.ADDRESS;
  private static final MethodHandle MOUNT =
      CLibrary.functionWithError("mount", TEXT, TEXT, TEXT, ValueLayout.JAVA_LONG, TEXT);
  private static final MethodHandle UNMOUNT =
      CLibrary.functionWithError("umount2", TEXT, ValueLayout.JAVA_INT);

  private MountCalls() {}

  /// @param type empty where the flags say all
  static void mount(String source, Path target, String type, long flags, String options)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CLibrary.STATE);
      MemorySegment kind = text(arena, type);
      MemorySegment data = text(arena, options);
      int status =
          (int)
              MOUNT.invokeExact(
                  state,
                  arena.allocateFrom(source),
                  arena.allocateFrom(target.toString()),
                  kind,
                  flags,
                  data);
      check(status, state, "mounting " + target);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("mounting " + target, e);
    }
  }

  private static MemorySegment text(Arena arena, String text) {
    return text.isEmpty() ? MemorySegment.NULL : arena.allocateFrom(text);
  }

  /// Takes away a mount, also one in use; links are not followed.
  static void detach(Path target) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CLibrary.STATE);
      int status =
          (int)
              UNMOUNT.invokeExact(state, arena.allocateFrom(target.toString()), DETACH | NO_FOLLOW);
      check(status, state, "unmounting " + target);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("unmounting " + target, e);
    }
  }

  static void check(int status, MemorySegment state, String what) throws IOException {
    if (status != 0) {
      throw new IOException(what + " failed: error " + CLibrary.error(state));
    }
  }
}
