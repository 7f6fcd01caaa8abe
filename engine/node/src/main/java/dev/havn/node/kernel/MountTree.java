// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// A copy of a mount, with all that is mounted below it, that nobody sees yet: only such a one can
/// be given other owners (`open_tree`, `mount_setattr` and `move_mount`, Linux 5.12). They are
/// called by their numbers, which are the same on every machine: the C library of many has no
/// functions for them.
final class MountTree implements AutoCloseable {
  private static final long OPEN_TREE = 428;
  private static final long MOVE_MOUNT = 429;
  private static final long MOUNT_SETATTR = 442;

  private static final long AT_FDCWD = -100;
  private static final long EMPTY_PATH = 0x1000;
  private static final long RECURSIVE = 0x8000;
  private static final int CLOSE_ON_EXEC = 02000000;
  private static final long CLONE = 1;
  private static final long FROM_EMPTY_PATH = 4;

  /// `MOUNT_ATTR_IDMAP`
  private static final long MAP_OWNERS = 0x100000;

  private static final long PRIVATE = 1 << 18;
  private static final long FOLLOWER = 1 << 19;

  /// `attr_set`, `attr_clr`, `propagation` and `userns_fd`.
  private static final MemoryLayout ATTRIBUTES =
      MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_LONG);

  private static final MethodHandle CALL =
      CLibrary.function(
          "syscall",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(1));
  private static final MethodHandle OPEN =
      CLibrary.function("open", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final MethodHandle CLOSE = CLibrary.function("close", ValueLayout.JAVA_INT);

  private final Path source;
  private final int number;

  private MountTree(Path source, int number) {
    this.source = source;
    this.number = number;
  }

  /// @param source a folder or a file; a link is followed
  static MountTree copy(Path source) throws IOException {
    long flags = CLONE | CLOSE_ON_EXEC | RECURSIVE;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(source.toString());
      Outcome outcome = call(arena, OPEN_TREE, AT_FDCWD, path, flags, MemorySegment.NULL, 0);
      return new MountTree(source, (int) outcome.must("copying the mount of " + source));
    }
  }

  /// Lets nobody see what is mounted in it later.
  ///
  /// @param follows whether it shows what is mounted at its source later
  void separate(boolean follows) throws IOException {
    long unused =
        set(RECURSIVE, 0, follows ? FOLLOWER : PRIVATE, 0)
            .must("separating the copied mount of " + source);
  }

  /// Gives its files other owners: those whose numbers the ids in the namespace have. What is
  /// mounted below keeps its own.
  ///
  /// @param userNamespace a file that holds it
  /// @throws IOException in runc's words when the file system cannot do it
  void mapOwners(Path userNamespace) throws IOException {
    int namespace = open(userNamespace);
    try {
      Outcome outcome = set(0, MAP_OWNERS, 0, namespace);
      if (outcome.status() < 0) {
        throw new IOException(
            "failed to set MOUNT_ATTR_IDMAP on %s: error %d (maybe the filesystem used doesn't support idmap mounts on this kernel?)"
                .formatted(source, outcome.error()));
      }
    } finally {
      close(namespace);
    }
  }

  private Outcome set(long reach, long attributes, long propagation, long namespace)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment changes = arena.allocate(ATTRIBUTES);
      changes.setAtIndex(ValueLayout.JAVA_LONG, 0, attributes);
      changes.setAtIndex(ValueLayout.JAVA_LONG, 2, propagation);
      changes.setAtIndex(ValueLayout.JAVA_LONG, 3, namespace);
      MemorySegment itself = arena.allocateFrom("");
      long flags = EMPTY_PATH | reach;
      return call(arena, MOUNT_SETATTR, number, itself, flags, changes, changes.byteSize());
    }
  }

  /// Puts it to its place.
  ///
  /// @param target of the kind that the source is
  void attach(Path target) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment itself = arena.allocateFrom("");
      MemorySegment place = arena.allocateFrom(target.toString());
      long unused =
          call(arena, MOVE_MOUNT, number, itself, AT_FDCWD, place, FROM_EMPTY_PATH)
              .must("mounting " + target);
    }
  }

  /// What the kernel said.
  ///
  /// @param status negative when it did nothing
  /// @param error why
  private record Outcome(long status, int error) {
    long must(String what) throws IOException {
      if (status < 0) {
        throw new IOException(what + " failed: error " + error);
      }
      return status;
    }
  }

  private static Outcome call(
      Arena arena,
      long what,
      long from,
      MemorySegment path,
      long first,
      MemorySegment more,
      long second)
      throws IOException {
    MemorySegment state = arena.allocate(CLibrary.STATE);
    try {
      long status = (long) CALL.invokeExact(state, what, from, path, first, more, second);
      return new Outcome(status, CLibrary.error(state));
    } catch (Throwable e) {
      throw new IOException("system call " + what, e);
    }
  }

  private static int open(Path file) throws IOException {
    int opened;
    try (Arena arena = Arena.ofConfined()) {
      opened = (int) OPEN.invokeExact(arena.allocateFrom(file.toString()), CLOSE_ON_EXEC);
    } catch (Throwable e) {
      throw new IOException("opening " + file, e);
    }
    if (opened < 0) {
      throw new IOException("no user namespace in " + file);
    }
    return opened;
  }

  private static void close(int descriptor) throws IOException {
    try {
      int unused = (int) CLOSE.invokeExact(descriptor);
    } catch (Throwable e) {
      throw new IOException("closing a descriptor", e);
    }
  }

  @Override
  public void close() throws IOException {
    close(number);
  }
}
