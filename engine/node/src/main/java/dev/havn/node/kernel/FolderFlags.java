// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What `chattr` sets of a folder.
public final class FolderFlags {
  private static final Logger LOG = LoggerFactory.getLogger(FolderFlags.class);

  /// Where the numbers of the requests are those below.
  private static final Set<String> MACHINES = Set.of("amd64", "aarch64", "riscv64");

  /// `FS_IOC_GETFLAGS` and `FS_IOC_SETFLAGS`
  private static final long GET = 0x8008_6601L;

  private static final long SET = 0x4008_6602L;

  /// `FS_TOPDIR_FL`
  private static final int TOP = 0x0002_0000;

  private static final int O_CLOEXEC = 02000000;

  private static final MethodHandle OPEN =
      CLibrary.function(
          "open",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CONTROL =
      CLibrary.function(
          "ioctl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE = CLibrary.function("close", ValueLayout.JAVA_INT);

  private FolderFlags() {}

  /// Makes a folder in which each folder has nothing to do with the others, and tells the file
  /// system so (`chattr +T`). ext4 keeps each with what is in it in a place of its own then, where
  /// nobody else makes or removes files: without a journal it looks, for each new file, at all that
  /// were removed nearby in the last minutes. Other file systems know no such thing, and it is no
  /// more than a hint: a folder that does not take it is as good.
  public static Path makeSpread(Path folder) throws IOException {
    Files.createDirectories(folder);
    if (MACHINES.contains(System.getProperty("os.arch"))
        && Files.getFileStore(folder).type().startsWith("ext")) {
      spread(folder);
    }
    return folder;
  }

  private static void spread(Path folder) throws IOException {
    boolean done;
    try (Arena arena = Arena.ofConfined()) {
      int opened = (int) OPEN.invokeExact(arena.allocateFrom(folder.toString()), O_CLOEXEC);
      MemorySegment flags = arena.allocate(ValueLayout.JAVA_LONG);
      done = opened >= 0 && (int) CONTROL.invokeExact(opened, GET, flags) == 0;
      if (done) {
        flags.set(ValueLayout.JAVA_INT, 0, flags.get(ValueLayout.JAVA_INT, 0) | TOP);
        done = (int) CONTROL.invokeExact(opened, SET, flags) == 0;
      }
      if (opened >= 0) {
        int unused = (int) CLOSE.invokeExact(opened);
      }
    } catch (Throwable e) {
      throw new IOException("spreading " + folder, e);
    }
    if (!done) {
      LOG.debug("{} is not spread", folder);
    }
  }
}
