// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import dev.havn.apiserver.http.BodyRefusedException.Why;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A body on its way. The event loop adds to it; the handler reads it when it knows who sends it.
/// Until then the connection is not read, so that strangers fill no memory.
final class IncomingBody {
  /// What comes along with a head is far less.
  private static final int UNASKED_BYTES_MAX = 1 << 20;

  /// Of a body that is read as it comes.
  private static final int WAITING_BYTES_MAX = 256 << 10;

  private final BodyBudget budget;
  private final Duration within;
  private final Runnable wanted;
  private final Runnable enough;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int bytesMax = UNASKED_BYTES_MAX;
  private boolean asked;
  private boolean complete;
  private boolean gone;
  private boolean noRoom;
  private boolean done;
  private boolean streaming;
  private @Nullable String problem;

  /// @param within the time from when it is wanted
  /// @param wanted asks for the rest of it
  /// @param enough asks for no more until it is wanted again; called on the event loop
  IncomingBody(BodyBudget budget, Duration within, Runnable wanted, Runnable enough) {
    this.budget = budget;
    this.within = within;
    this.wanted = wanted;
    this.enough = enough;
  }

  /// On the event loop. What nobody will read is not kept.
  void add(ByteBuf content) {
    int length = content.readableBytes();
    if (length == 0) {
      return;
    }
    lock.lock();
    try {
      if (done || noRoom) {
        return;
      }
      boolean full = bytes.size() > bytesMax;
      if (full && asked) {
        return;
      }
      if (full || !budget.take(length)) {
        noRoom = true;
      } else {
        content.readBytes(bytes, length);
      }
      if (streaming && bytes.size() > WAITING_BYTES_MAX) {
        enough.run();
      }
      changed.signalAll();
    } catch (IOException e) {
      throw new AssertionError("writing to memory", e);
    } finally {
      lock.unlock();
    }
  }

  /// On the event loop: this was all.
  void end() {
    lock.lock();
    complete = true;
    changed.signalAll();
    lock.unlock();
  }

  /// On the event loop: what follows makes no sense.
  void breakOff(String why) {
    lock.lock();
    problem = why;
    changed.signalAll();
    lock.unlock();
  }

  boolean isComplete() {
    lock.lock();
    try {
      return complete;
    } finally {
      lock.unlock();
    }
  }

  /// On the event loop: there will be no more.
  void peerHasGone() {
    lock.lock();
    gone = true;
    changed.signalAll();
    lock.unlock();
  }

  /// On the handler's thread, which waits.
  byte[] read(int most) {
    lock.lock();
    try {
      if (!complete) {
        bytesMax = most;
        asked = true;
        wanted.run();
      }
      long nanos = within.toNanos();
      while (!isDecided() && bytes.size() <= most) {
        if (nanos <= 0) {
          throw new BodyRefusedException(Why.TOO_SLOW);
        }
        nanos = changed.awaitNanos(nanos);
      }
      if (bytes.size() > most) {
        throw new BodyTooLargeException(most);
      }
      if (noRoom || !complete) {
        throw refusal();
      }
      return bytes.toByteArray();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BodyRefusedException(Why.GONE);
    } finally {
      lock.unlock();
    }
  }

  /// Whether nothing more will come.
  private boolean isDecided() {
    return complete || gone || noRoom || problem != null;
  }

  private BodyRefusedException refusal() {
    String why = problem;
    return why != null
        ? BodyRefusedException.broken(why)
        : new BodyRefusedException(noRoom ? Why.NO_ROOM : Why.GONE);
  }

  /// On the handler's thread: the body piece by piece, which waits for each.
  InputStream stream() {
    lock.lock();
    streaming = true;
    bytesMax = Integer.MAX_VALUE;
    lock.unlock();
    return new InputStream() {
      private byte[] piece = {};
      private int position;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        if (position == piece.length) {
          piece = next();
          position = 0;
        }
        int part = Math.min(length, piece.length - position);
        System.arraycopy(piece, position, target, offset, part);
        position += part;
        return part == 0 && length > 0 ? -1 : part;
      }
    };
  }

  /// What has come since, empty when it was all.
  private byte[] next() throws IOException {
    lock.lock();
    try {
      long nanos = within.toNanos();
      while (bytes.size() == 0 && !isDecided()) {
        wanted.run();
        if (nanos <= 0) {
          throw new BodyRefusedException(Why.TOO_SLOW);
        }
        nanos = changed.awaitNanos(nanos);
      }
      if (noRoom) {
        throw new BodyRefusedException(Why.NO_ROOM);
      }
      if (bytes.size() == 0 && !complete) {
        throw refusal();
      }
      byte[] all = bytes.toByteArray();
      budget.giveBack(all.length);
      bytes.reset();
      return all;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a body was read");
    } finally {
      lock.unlock();
    }
  }

  /// Nobody reads it any more, and what was read has been dealt with.
  void release() {
    lock.lock();
    try {
      if (!done) {
        done = true;
        budget.giveBack(bytes.size());
        bytes.reset();
      }
    } finally {
      lock.unlock();
    }
  }
}
