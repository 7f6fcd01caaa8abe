// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A Unix socket that keeps the borders of messages (`SOCK_SEQPACKET`), which the class library
/// does not have. Reading blocks its thread in the kernel: use a platform thread.
public final class SeqPacketSocket implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int SHUT_WR = 1;
  private static final int SHUT_RDWR = 2;
  private static final int PATH_BYTES_MAX = 107;

  private static final MethodHandle SOCKET =
      CLibrary.function("socket", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
  private static final MethodHandle CONNECT =
      CLibrary.function("connect", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final MethodHandle READ =
      CLibrary.function(
          "read",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle WRITE =
      CLibrary.function(
          "write",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle SHUTDOWN =
      CLibrary.function("shutdown", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
  private static final MethodHandle CLOSE = CLibrary.function("close", ValueLayout.JAVA_INT);

  private final int descriptor;
  private boolean closed;

  private SeqPacketSocket(int descriptor) {
    this.descriptor = descriptor;
  }

  /// @throws IOException when nobody listens at `path`, or it is longer than the kernel takes
  public static SeqPacketSocket connect(Path path) throws IOException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length > PATH_BYTES_MAX) {
      throw new IOException("socket path " + path + " is longer than " + PATH_BYTES_MAX + " bytes");
    }
    try (Arena arena = Arena.ofConfined()) {
      int descriptor = (int) SOCKET.invokeExact(AF_UNIX, SOCK_SEQPACKET, 0);
      if (descriptor < 0) {
        throw new IOException("no socket could be made");
      }
      MemorySegment address = arena.allocate(2 + PATH_BYTES_MAX + 1L);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
      SeqPacketSocket socket = new SeqPacketSocket(descriptor);
      int status = (int) CONNECT.invokeExact(descriptor, address, (int) address.byteSize());
      if (status != 0) {
        socket.close();
        throw new IOException("nobody listens at " + path);
      }
      return socket;
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("connecting to " + path, e);
    }
  }

  /// Waits for a message.
  ///
  /// @return its length, 0 when the peer has gone
  public int read(byte[] buffer) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(buffer.length);
      long count = (long) READ.invokeExact(descriptor, memory, (long) buffer.length);
      if (count > 0) {
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, buffer, 0, (int) count);
      }
      return (int) Math.max(0, count);
    } catch (Throwable e) {
      throw new IOException("reading from a socket", e);
    }
  }

  /// Sends one message.
  public void write(byte[] bytes, int length) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Math.max(1, length));
      MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, length);
      long count = (long) WRITE.invokeExact(descriptor, memory, (long) length);
      if (count != length) {
        throw new IOException("the peer has gone");
      }
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("writing to a socket", e);
    }
  }

  /// Says that no more will be sent.
  public void endWriting() throws IOException {
    try {
      int unused = (int) SHUTDOWN.invokeExact(descriptor, SHUT_WR);
    } catch (Throwable e) {
      throw new IOException("ending a socket", e);
    }
  }

  /// Wakes whoever reads, then closes.
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      int unused = (int) SHUTDOWN.invokeExact(descriptor, SHUT_RDWR);
      unused += (int) CLOSE.invokeExact(descriptor);
    } catch (Throwable e) {
      throw new IOException("closing a socket", e);
    }
  }
}
