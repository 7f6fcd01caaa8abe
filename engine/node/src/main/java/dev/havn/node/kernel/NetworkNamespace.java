// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A network namespace that a file holds, as `ip netns` keeps them. Programs begin in it by
/// `nsenter`; a socket belongs for ever to the namespace in which it was made, so only the call
/// that makes it is done by a thread that has gone there (setns(2)), as is the reading of files
/// that say something else to each namespace.
///
/// That thread does nothing else and ends: whatever thread it started, a carrier of virtual threads
/// say, would be in the namespace too.
///
/// @param file such as `/run/netns/NAME`
public record NetworkNamespace(Path file) {
  /// What `ip netns` keeps them in.
  private static final Path FOLDER = Path.of("/run/netns");

  private static final String PROGRAM = "nsenter";

  /// What [#run] needs.
  public static final List<String> PROGRAMS = List.of(PROGRAM);

  public static NetworkNamespace named(String name) {
    return new NetworkNamespace(FOLDER.resolve(name));
  }

  public String name() {
    return String.valueOf(file.getFileName());
  }

  /// Whether there is one; a file alone is none.
  public boolean exists() throws IOException {
    return Files.exists(file) && Files.getFileStore(file).type().equals("nsfs");
  }

  /// Takes it off its file; what uses it keeps it. One that has just gone is gone.
  public void delete() throws IOException {
    if (Files.exists(file)) {
      Program.Result result = Program.run(List.of("ip", "netns", "delete", name()));
      if (!result.ok() && Files.exists(file)) {
        throw new IOException(
            "network namespace " + name() + " cannot be deleted: " + result.output());
      }
    }
  }

  /// The command that runs another one in here.
  public List<String> command(List<String> inside) {
    List<String> words = new ArrayList<>(List.of(PROGRAM, "--net=" + file));
    words.addAll(inside);
    return words;
  }

  public SocketChannel socket() throws IOException {
    return make(SocketChannel::open);
  }

  public ServerSocketChannel serverSocket() throws IOException {
    return make(ServerSocketChannel::open);
  }

  /// What is done in here: it starts no thread.
  public interface Deed<T> {
    T run() throws IOException;
  }

  private <C extends Channel> C make(Deed<C> opening) throws IOException {
    // What the first socket of a process loads and starts, it does not in there.
    opening.run().close();
    return inside("socket", opening);
  }

  /// Does something in here, such as reading what `/proc/thread-self/net` says.
  ///
  /// @param what it is, for messages
  public <T> T inside(String what, Deed<T> deed) throws IOException {
    FutureTask<T> task =
        new FutureTask<>(
            () -> {
              NamespaceCalls.enter(file);
              return deed.run();
            });
    Thread.ofPlatform().daemon().name(what + " in " + name()).start(task);
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IOException(
          "no " + what + " in network namespace " + file + ": " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  /// Loaded by who makes a socket: the linker takes a while.
  private static final class NamespaceCalls {
    private static final int AT_FDCWD = -100;
    private static final int O_RDONLY_CLOEXEC = 02000000;
    private static final int CLONE_NEWNET = 0x40000000;

    private static final MethodHandle OPEN =
        CLibrary.functionWithError(
            "openat", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    private static final MethodHandle ENTER =
        CLibrary.functionWithError("setns", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle CLOSE =
        CLibrary.functionWithError("close", ValueLayout.JAVA_INT);

    private NamespaceCalls() {}

    /// Takes the calling thread there for the rest of its life.
    static void enter(Path file) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(CLibrary.STATE);
        int opened =
            (int)
                OPEN.invokeExact(
                    state, AT_FDCWD, arena.allocateFrom(file.toString()), O_RDONLY_CLOEXEC);
        check(opened, state, "opening");
        int entered = (int) ENTER.invokeExact(state, opened, CLONE_NEWNET);
        int error = CLibrary.error(state);
        int unused = (int) CLOSE.invokeExact(state, opened);
        if (entered < 0) {
          throw new IOException("entering failed: error " + error);
        }
      } catch (IOException e) {
        throw e;
      } catch (Throwable e) {
        throw new IOException("entering " + file, e);
      }
    }

    private static void check(int result, MemorySegment state, String what) throws IOException {
      if (result < 0) {
        throw new IOException(what + " failed: error " + CLibrary.error(state));
      }
    }
  }
}
