// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import dev.havn.node.kernel.Beneath;
import dev.havn.node.kernel.Descriptor;
import io.grpc.BindableService;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A socket at which a gRPC server stands only once somebody has come: a node that no plugin ever
/// speaks to does not pay for gRPC. Clients are led on to the server's own socket. Each connection
/// has two tasks of the executor.
public final class WaitingSocket implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WaitingSocket.class);
  private static final int CONNECTIONS_MAX = 100;
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final int PIECE_BYTES = 16 << 10;

  /// Where clients come from.
  @FunctionalInterface
  interface Source {
    /// @throws ClosedChannelException when none will come any more
    SocketChannel next() throws IOException;
  }

  private final Path socket;
  private final Path inner;
  private final UnixSockets sockets;
  private final Supplier<List<? extends BindableService>> services;
  private final Executor executor;
  private final ServerSocketChannel channel;
  private final Descriptor folder;
  private final Descriptor innerFolder;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private @Nullable SocketServer server;
  private volatile boolean closed;

  private WaitingSocket(
      Path socket,
      Path inner,
      UnixSockets sockets,
      Supplier<List<? extends BindableService>> services,
      Executor executor)
      throws IOException {
    this.socket = socket;
    this.inner = inner;
    this.sockets = sockets;
    this.services = services;
    this.executor = executor;
    Path parent = Objects.requireNonNull(socket.toAbsolutePath().getParent());
    Files.createDirectories(parent);
    Files.deleteIfExists(socket);
    this.folder = Beneath.open(parent, ".");
    Path innerParent = Objects.requireNonNull(inner.toAbsolutePath().getParent());
    Files.createDirectories(innerParent);
    this.innerFolder = Beneath.open(innerParent, ".");
    this.channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    channel.bind(address(folder, socket));
  }

  /// By way of its folder the path is short enough, wherever it is.
  private static UnixDomainSocketAddress address(Descriptor folder, Path socket) {
    return UnixDomainSocketAddress.of(
        folder.path().resolve(Objects.requireNonNull(socket.getFileName())));
  }

  /// Listens from now on. One that was left there gives way.
  ///
  /// @param inner the socket of the server itself
  /// @param services asked for with the first client
  /// @throws IOException when nobody can listen there
  public static WaitingSocket open(
      Path socket,
      Path inner,
      UnixSockets sockets,
      Supplier<List<? extends BindableService>> services,
      Executor executor)
      throws IOException {
    WaitingSocket waiting = new WaitingSocket(socket, inner, sockets, services, executor);
    executor.execute(waiting::accept);
    return waiting;
  }

  private void accept() {
    serve(channel::accept, this::take, PAUSE, socket);
    if (!closed) {
      LOG.warn("nobody listens at {} any more", socket);
    }
  }

  /// Takes clients until there is no socket any more: one that cannot be taken, as when too many
  /// files are open, waits there and is tried again.
  static void serve(Source source, Consumer<SocketChannel> taker, Duration pause, Path name) {
    boolean failed = false;
    while (true) {
      try {
        SocketChannel client = source.next();
        failed = false;
        taker.accept(client);
      } catch (ClosedChannelException gone) {
        LOG.debug("{} is closed: {}", name, gone.toString());
        return;
      } catch (IOException e) {
        if (!failed) {
          LOG.warn("a client of {} cannot be taken yet: {}", name, e.toString());
        }
        failed = true;
        LockSupport.parkNanos(pause.toNanos());
      }
    }
  }

  private void take(SocketChannel client) {
    if (open.size() >= 2 * CONNECTIONS_MAX) {
      LOG.warn("{} has {} clients: one more is sent away", socket, CONNECTIONS_MAX);
      end(client);
    } else {
      lead(client);
    }
  }

  private void lead(SocketChannel client) {
    open.add(client);
    try {
      begin();
      SocketChannel other = SocketChannel.open(address(innerFolder, inner));
      open.add(other);
      executor.execute(() -> copy(client, other));
      executor.execute(() -> copy(other, client));
    } catch (IOException | RuntimeException e) {
      LOG.warn("a client of {} is not served: {}", socket, e.toString());
      end(client);
    }
  }

  private synchronized void begin() throws IOException {
    if (closed) {
      throw new IOException("the node is closed");
    }
    if (server == null) {
      server = sockets.listen(inner, services.get());
    }
  }

  /// Until one side ends.
  private void copy(SocketChannel from, SocketChannel to) {
    ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
    try {
      while (from.read(piece) >= 0) {
        piece.flip();
        while (piece.hasRemaining()) {
          int unused = to.write(piece);
        }
        piece.clear();
      }
    } catch (IOException gone) {
      LOG.debug("a connection of {} ends: {}", socket, gone.toString());
    } finally {
      end(from);
      end(to);
    }
  }

  private void end(SocketChannel connection) {
    open.remove(connection);
    try {
      connection.close();
    } catch (IOException e) {
      LOG.debug("a connection of {}: {}", socket, e.toString());
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      channel.close();
      open.forEach(this::end);
      synchronized (this) {
        if (server != null) {
          server.close();
        }
      }
      Files.deleteIfExists(socket);
      folder.close();
      innerFolder.close();
    } catch (IOException e) {
      throw new UncheckedIOException("closing the socket " + socket, e);
    }
  }
}
