// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// The threads of the JVM's second compiler (`C2`). On few processors they take as much of the
/// first minute as the work that they are to make faster: with a higher nice value (setpriority(2),
/// which Linux takes for one thread) they have what the work leaves.
public final class CompilerThreads {
  private static final Path THREADS = Path.of("/proc/self/task");

  /// How HotSpot calls them, as far as the kernel keeps a name (15 bytes).
  private static final String NAME = "C2 CompilerThre";

  /// The number of the field in `stat` (proc(5)), of which the third follows the name.
  private static final int NICE = 19;

  private CompilerThreads() {}

  /// Lets the second compiler give way to all else, for the rest of the process's life. A thread
  /// that begins later is like the one that began it; the launcher has all begin at once. One that
  /// gives way more already stays as it is, and so does one that the system does not let this
  /// process change.
  ///
  /// @param nice the nice value, from 0 to 19
  /// @return how many threads have it now: 0 where the system lists no threads, as on macOS
  public static int giveWay(int nice) throws IOException {
    if (!Files.isDirectory(THREADS)) {
      return 0;
    }
    int changed = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        if (isEagerCompiler(thread, nice)
            && setNice(Integer.parseInt(thread.getFileName().toString()), nice)) {
          changed++;
        }
      }
    }
    return changed;
  }

  private static boolean isEagerCompiler(Path thread, int nice) {
    try {
      if (!Files.readString(thread.resolve("comm")).strip().equals(NAME)) {
        return false;
      }
      String state = Files.readString(thread.resolve("stat"));
      String[] fields = state.substring(state.lastIndexOf(')') + 2).split(" ");
      return Integer.parseInt(fields[NICE - 3]) < nice;
    } catch (IOException e) {
      return false; // it has ended, before its file was opened or after
    }
  }

  private static boolean setNice(int thread, int nice) {
    try {
      return (int) Calls.SET_PRIORITY.invokeExact(Calls.PRIO_PROCESS, thread, nice) == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("setpriority", e);
    }
  }

  /// Looked up where there is something to set.
  private static final class Calls {
    static final int PRIO_PROCESS = 0;
    static final MethodHandle SET_PRIORITY =
        CLibrary.function(
            "setpriority", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

    private Calls() {}
  }
}
