// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// New namespaces that files hold (unshare(2)), made by a thread that does nothing else and ends:
/// the program of that name would cost as much as the rest of a pod's preparation.
public final class NewNamespaces {
  private static final Map<String, Integer> FLAGS = Map.of("ipc", 0x08000000, "uts", 0x04000000);
  private static final MethodHandle UNSHARE =
      CLibrary.functionWithError("unshare", ValueLayout.JAVA_INT);

  private NewNamespaces() {}

  /// Makes one for each file, all of the same moment.
  ///
  /// @param files by kind, `ipc` or `uts`; they are there, and nothing is mounted at them
  /// @throws IOException when the kernel does not let this process
  public static void hold(Map<String, Path> files) throws IOException {
    FutureTask<Boolean> task = new FutureTask<>(() -> make(files));
    Thread.ofPlatform().daemon().name("namespaces").start(task);
    try {
      task.get();
    } catch (ExecutionException e) {
      throw new IOException("no namespaces at " + files.values() + ": " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private static boolean make(Map<String, Path> files) throws IOException {
    int flags = files.keySet().stream().mapToInt(FLAGS::get).sum();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CLibrary.STATE);
      MountCalls.check((int) UNSHARE.invokeExact(state, flags), state, "unshare");
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("unshare", e);
    }
    for (Map.Entry<String, Path> each : files.entrySet()) {
      Mounts.bind(Path.of("/proc/thread-self/ns", each.getKey()), each.getValue());
    }
    return true;
  }
}
