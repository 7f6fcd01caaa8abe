// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import dev.havn.apiserver.http.BodyStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Gathers a body that is known to be short, or that has to be.
final class WholeBody implements BodyStream {
  private final int bytesMax;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CompletableFuture<byte[]> whole = new CompletableFuture<>();

  WholeBody(int bytesMax) {
    this.bytesMax = bytesMax;
  }

  CompletableFuture<byte[]> whole() {
    return whole;
  }

  @Override
  public void write(List<ByteBuffer> buffers) {
    for (ByteBuffer each : buffers) {
      byte[] copy = new byte[each.remaining()];
      each.duplicate().get(copy);
      bytes.writeBytes(copy);
    }
    if (bytes.size() > bytesMax) {
      whole.completeExceptionally(
          new IOException("the answer is longer than " + bytesMax + " bytes"));
    }
  }

  @Override
  public boolean writable() {
    return true;
  }

  @Override
  public void onWritable(Runnable wake) {
    wake.run();
  }

  @Override
  public void onClose(Runnable closed) {
    whole.whenComplete((_, _) -> closed.run());
  }

  @Override
  public void close() {
    whole.complete(bytes.toByteArray());
  }

  @Override
  public void abort() {
    whole.completeExceptionally(new EOFException("unexpected EOF"));
  }
}
