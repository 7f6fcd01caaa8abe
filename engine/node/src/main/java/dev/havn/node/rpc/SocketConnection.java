// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import dev.havn.node.kernel.Descriptor;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// A channel to a Unix socket. Calls that are under way end with it (`UNAVAILABLE`).
public final class SocketConnection implements AutoCloseable {
  private final ManagedChannel channel;
  private final @Nullable Descriptor folder;

  /// @param folder by way of which the socket is found
  SocketConnection(ManagedChannel channel, @Nullable Descriptor folder) {
    this.channel = channel;
    this.folder = folder;
  }

  /// For stubs. A call must have a deadline: a plugin may hang.
  public ManagedChannel channel() {
    return channel;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    if (folder != null) {
      try {
        folder.close();
      } catch (IOException e) {
        throw new UncheckedIOException("closing the folder of a socket", e);
      }
    }
  }
}
