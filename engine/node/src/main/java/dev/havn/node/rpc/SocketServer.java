// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import dev.havn.node.kernel.Descriptor;
import io.grpc.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A gRPC server at a Unix socket, which goes with it.
public final class SocketServer implements AutoCloseable {
  private final Server server;
  private final Path socket;
  private final @Nullable Descriptor folder;

  /// @param folder by way of which the socket was made
  SocketServer(Server server, Path socket, @Nullable Descriptor folder) {
    this.server = server;
    this.socket = socket;
    this.folder = folder;
  }

  public Path socket() {
    return socket;
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      Files.deleteIfExists(socket);
      if (folder != null) {
        folder.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("closing the socket " + socket, e);
    }
  }
}
