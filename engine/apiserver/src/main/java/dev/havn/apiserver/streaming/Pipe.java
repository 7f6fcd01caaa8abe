// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Bytes from whoever has them to one reader, bounded: the JDK's own pipe breaks when the thread
/// that wrote last has ended, which is the rule here.
final class Pipe extends InputStream {
  private static final int WAITING_BYTES_MAX = 256 << 10;

  private final Deque<byte[]> waiting = new ArrayDeque<>();
  private byte[] current = {};
  private int position;
  private int waitingBytes;
  private boolean ended;
  private boolean closed;

  /// Hands over bytes; blocks while too many wait.
  ///
  /// @throws IOException when nobody will read them any more
  synchronized void offer(byte[] bytes) throws IOException {
    awaitUntil(() -> waitingBytes <= WAITING_BYTES_MAX || closed);
    if (closed || ended) {
      throw new IOException("the reader has gone");
    }
    if (bytes.length > 0) {
      waiting.addLast(bytes);
      waitingBytes += bytes.length;
      notifyAll();
    }
  }

  /// Says that no more will come.
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  private synchronized void awaitUntil(BooleanSupplier holds) throws InterruptedIOException {
    try {
      while (!holds.getAsBoolean()) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public synchronized int read(byte[] target, int offset, int length) throws IOException {
    while (position == current.length) {
      byte @Nullable [] next = waiting.pollFirst();
      if (next != null) {
        current = next;
        position = 0;
        waitingBytes -= next.length;
        notifyAll();
      } else if (ended || closed) {
        return -1;
      } else {
        awaitUntil(() -> !waiting.isEmpty() || ended || closed);
      }
    }
    int part = Math.min(length, current.length - position);
    System.arraycopy(current, position, target, offset, part);
    position += part;
    return part;
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
