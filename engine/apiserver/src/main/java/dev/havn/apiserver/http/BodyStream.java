// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.nio.ByteBuffer;
import java.util.List;

/// A response body under way. Each method may be called from any thread, by one at a time.
public interface BodyStream extends AutoCloseable {

  /// Hands over buffers to be written and flushed; never blocks. Dropped silently after the peer
  /// has gone, which [#onClose(Runnable)] reports.
  void write(List<ByteBuffer> buffers);

  /// Whether the peer keeps up: false while more than the door's bound waits to be sent. A writer
  /// that heeds it holds no more than one batch beyond that bound.
  boolean writable();

  /// Runs `wake` once, when [#writable()] is or becomes true. Short, not blocking.
  void onWritable(Runnable wake);

  /// Runs `closed` once, when the peer goes away or the stream is closed; at once if it already is.
  void onClose(Runnable closed);

  /// Ends the body in good order.
  @Override
  void close();

  /// Ends a body of which the rest is lost, so that the peer takes it for no whole one.
  default void abort() {
    close();
  }
}
