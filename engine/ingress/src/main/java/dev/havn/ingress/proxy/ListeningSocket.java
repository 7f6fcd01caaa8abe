// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import org.jspecify.annotations.Nullable;

/// One that takes connections at an address and a port until it is closed.
final class ListeningSocket {
  private final Channel channel;
  private final ServerSocketChannel socket;

  private ListeningSocket(Channel channel, ServerSocketChannel socket) {
    this.channel = channel;
    this.socket = socket;
  }

  /// @param bootstrap all but its channel
  /// @param port 0 takes a free one
  /// @throws IOException when the address cannot be had
  static ListeningSocket bind(ServerBootstrap bootstrap, String address, int port)
      throws IOException {
    ServerSocketChannel socket = ServerSocketChannel.open();
    ChannelFuture bound =
        bootstrap
            .channelFactory(() -> new NioServerSocketChannel(socket))
            .bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
    try {
      bound.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      bound.channel().close();
      throw new IOException("interrupted while binding " + address + ":" + port, e);
    }
    @Nullable Throwable cause = bound.cause();
    if (cause != null) {
      throw new IOException(address + ":" + port + ": " + cause.getMessage(), cause);
    }
    return new ListeningSocket(bound.channel(), socket);
  }

  int port() {
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  /// Afterwards connections are refused and the port is free. A channel that a selector knows is
  /// closed in the kernel by the selection after its own close, so that is waited for too.
  void close() {
    channel.close().syncUninterruptibly();
    boolean known;
    do {
      known = socket.isRegistered();
      channel.eventLoop().submit(() -> {}).syncUninterruptibly();
    } while (known);
  }
}
