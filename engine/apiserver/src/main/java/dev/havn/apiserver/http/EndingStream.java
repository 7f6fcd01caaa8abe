// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/// A body stream that tells somebody of its end, once, however it ends. When the peer goes away
/// that is heard of only if whoever holds the stream asks to hear of it too.
public final class EndingStream implements BodyStream {
  private final BodyStream stream;
  private final AtomicReference<Runnable> ended;

  public EndingStream(BodyStream stream, Runnable ended) {
    this.stream = stream;
    this.ended = new AtomicReference<>(ended);
  }

  private void end() {
    ended.getAndSet(() -> {}).run();
  }

  @Override
  public void write(List<ByteBuffer> buffers) {
    stream.write(buffers);
  }

  @Override
  public boolean writable() {
    return stream.writable();
  }

  @Override
  public void onWritable(Runnable wake) {
    stream.onWritable(wake);
  }

  @Override
  public void onClose(Runnable closed) {
    stream.onClose(
        () -> {
          end();
          closed.run();
        });
  }

  @Override
  public void close() {
    end();
    stream.close();
  }

  @Override
  public void abort() {
    end();
    stream.abort();
  }
}
