// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import dev.havn.node.kernel.Beneath;
import dev.havn.node.kernel.Descriptor;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// gRPC to and from Unix sockets of this machine. One thread moves the bytes of all of them, begun
/// with the first; whatever is called runs on the executor. Threads: any.
public final class UnixSockets implements AutoCloseable {
  /// What gRPC takes where nobody says otherwise.
  private static final int MESSAGE_BYTES_MAX = 4 << 20;

  /// `sun_path` of Linux without its end.
  private static final int PATH_BYTES_MAX = 107;

  private final Executor executor;
  private @Nullable EventLoopGroup loops;
  private boolean closed;

  /// @param executor for what is called back, and for the methods of servers
  public UnixSockets(Executor executor) {
    this.executor = executor;
  }

  private synchronized EventLoopGroup loops() {
    if (closed) {
      throw new IllegalStateException("the node is closed");
    }
    if (loops == null) {
      loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    }
    return loops;
  }

  /// A channel to whoever listens at a socket. It connects with the first call, and anew when the
  /// listener came back; but after a failure longer and longer pauses lie between two tries, up to
  /// two minutes, in which calls without `withWaitForReady` fail at once. Who does not want to wait
  /// connects anew for each call, as a kubelet does, or calls `resetConnectBackoff`.
  ///
  /// @throws IOException when the folder of the socket is not there
  public SocketConnection connect(Path socket) throws IOException {
    return connect(socket, MESSAGE_BYTES_MAX);
  }

  /// @param messageBytesMax of an answer
  /// @throws IOException when the folder of the socket is not there
  public SocketConnection connect(Path socket, int messageBytesMax) throws IOException {
    Place place = Place.of(socket);
    try {
      return new SocketConnection(
          NettyChannelBuilder.forAddress(place.address())
              .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
              .eventLoopGroup(loops())
              .executor(executor)
              .overrideAuthority("localhost")
              .maxInboundMessageSize(messageBytesMax)
              .usePlaintext()
              .build(),
          place.folder());
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
  }

  /// Serves at a socket, which takes the place of one that was left there. Its folder is made.
  ///
  /// @throws IOException when nobody can listen there
  public SocketServer listen(Path socket, List<? extends BindableService> services)
      throws IOException {
    Files.createDirectories(Objects.requireNonNull(socket.toAbsolutePath().getParent()));
    Files.deleteIfExists(socket);
    Place place = Place.of(socket);
    try {
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(place.address())
              .channelType(NioServerDomainSocketChannel.class)
              .bossEventLoopGroup(loops())
              .workerEventLoopGroup(loops())
              .executor(executor);
      services.forEach(builder::addService);
      Server server = builder.build();
      server.start();
      return new SocketServer(server, socket, place.folder());
    } catch (IOException | RuntimeException e) {
      place.close();
      throw e;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (loops != null) {
      var unused = loops.shutdownGracefully();
    }
  }

  /// Where the kernel finds a socket: its path, or where that is too long, one by way of its
  /// folder, which is held open.
  private record Place(UnixDomainSocketAddress address, @Nullable Descriptor folder) {
    static Place of(Path socket) throws IOException {
      Path path = socket.toAbsolutePath();
      if (path.toString().getBytes(StandardCharsets.UTF_8).length <= PATH_BYTES_MAX) {
        return new Place(UnixDomainSocketAddress.of(path), null);
      }
      Descriptor folder = Beneath.open(Objects.requireNonNull(path.getParent()), ".");
      Path name = Objects.requireNonNull(path.getFileName());
      return new Place(UnixDomainSocketAddress.of(folder.path().resolve(name)), folder);
    }

    void close() throws IOException {
      if (folder != null) {
        folder.close();
      }
    }
  }
}
