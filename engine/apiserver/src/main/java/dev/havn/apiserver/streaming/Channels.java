// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// The streams of an exec or attach session, whatever carries them (`v5.channel.k8s.io` over
/// WebSocket, `v4.channel.k8s.io` over SPDY, ...). Streams block; a stream the client did not ask
/// for is null.
public interface Channels extends AutoCloseable {
  @Nullable InputStream stdin();

  @Nullable OutputStream stdout();

  @Nullable OutputStream stderr();

  /// Called with columns and rows whenever the client's terminal changes size, and at once with the
  /// last size known.
  void onResize(BiConsumer<Integer, Integer> resize);

  /// Runs once when the client has gone.
  void onClose(Runnable closed);

  /// Ends the session with the command's exit status, as a `Status` on the error channel.
  void exit(int code);

  /// Ends the session with a failure that is not the command's.
  void fail(String message);

  @Override
  void close();
}
