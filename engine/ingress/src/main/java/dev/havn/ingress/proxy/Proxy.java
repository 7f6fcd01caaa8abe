// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Listens at doors and answers by the table that was shown last. Used by one thread at a time.
public final class Proxy implements AutoCloseable {
  private static final int EVENT_LOOPS = 2;
  private static final int BACKLOG_CONNECTIONS = 1_024;
  private static final int CLOSES_WITHIN_MILLIS = 500;

  /// A port that is free at one address may be taken at the other.
  private static final int TRIES_MAX = 8;

  private final EventLoopGroup loops;
  private final Traffic traffic;
  private final Map<DoorId, List<ListeningSocket>> doors = new HashMap<>();

  /// What it has done.
  ///
  /// @param answers by the first digit of their status
  /// @param overspent requests that were refused since the regular expressions of their host cost
  ///   too much
  public record Figures(Map<Integer, Long> answers, long connections, long overspent) {}

  public Proxy(Limits limits) {
    this(limits, Room.usual());
  }

  Proxy(Limits limits, Room room) {
    this.loops = new MultiThreadIoEventLoopGroup(EVENT_LOOPS, NioIoHandler.newFactory());
    this.traffic = new Traffic(limits, room);
  }

  /// Listens at one address; see the other.
  public int open(DoorId id, String address, int port) throws IOException {
    return open(id, List.of(address), port);
  }

  /// Listens, at the same port of each address.
  ///
  /// @param port 0 takes a free one
  /// @return the port
  /// @throws IOException when the addresses cannot be had
  public int open(DoorId id, List<String> addresses, int port) throws IOException {
    List<ListeningSocket> opened = listen(id, addresses, port);
    @Nullable List<ListeningSocket> before = doors.put(id, opened);
    if (before != null) {
      before.forEach(ListeningSocket::close);
    }
    return opened.getFirst().port();
  }

  private List<ListeningSocket> listen(DoorId id, List<String> addresses, int port)
      throws IOException {
    for (int tried = 1; ; tried++) {
      List<ListeningSocket> opened = new ArrayList<>();
      try {
        for (String each : addresses) {
          int taken = opened.isEmpty() ? port : opened.getFirst().port();
          opened.add(ListeningSocket.bind(bootstrap(id), each, taken));
        }
        return opened;
      } catch (IOException e) {
        opened.forEach(ListeningSocket::close);
        boolean isTakenElsewhere = port == 0 && !opened.isEmpty();
        if (!isTakenElsewhere || tried == TRIES_MAX) {
          throw e;
        }
      }
    }
  }

  private ServerBootstrap bootstrap(DoorId id) {
    return new ServerBootstrap()
        .group(loops)
        .option(ChannelOption.SO_BACKLOG, BACKLOG_CONNECTIONS)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.SO_KEEPALIVE, true)
        .childOption(ChannelOption.AUTO_READ, true)
        .childOption(
            ChannelOption.WRITE_BUFFER_WATER_MARK,
            new WriteBufferWaterMark(Limits.WRITE_LOW_BYTES, Limits.WRITE_HIGH_BYTES))
        .childHandler(new Arrivals(id, traffic));
  }

  /// Takes no new connections at a door; open ones end with the request under way.
  public void close(DoorId id) {
    @Nullable List<ListeningSocket> door = doors.remove(id);
    if (door != null) {
      door.forEach(ListeningSocket::close);
    }
  }

  public Set<DoorId> open() {
    return Set.copyOf(doors.keySet());
  }

  /// From the next request on.
  public void show(RoutingTable table) {
    traffic.show(table);
  }

  public Figures figures() {
    return traffic.figures();
  }

  @Override
  public void close() {
    doors.values().stream().flatMap(List::stream).forEach(ListeningSocket::close);
    doors.clear();
    traffic.connections().close().awaitUninterruptibly(CLOSES_WITHIN_MILLIS);
    loops
        .shutdownGracefully(0, CLOSES_WITHIN_MILLIS, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(2 * CLOSES_WITHIN_MILLIS);
  }

  private static final class Arrivals extends ChannelInitializer<SocketChannel> {
    private final DoorId id;
    private final Traffic traffic;

    Arrivals(DoorId id, Traffic traffic) {
      this.id = id;
      this.traffic = traffic;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      RoutingTable.@Nullable Door door = traffic.door(id);
      String client = channel.remoteAddress().getAddress().getHostAddress();
      if (door == null || !traffic.admit(channel, client)) {
        channel.close();
        return;
      }
      Connection connection = new Connection(id, false, "", client, false);
      channel
          .pipeline()
          .addLast(
              door.tls()
                  ? new TlsGreeting(connection, traffic)
                  : new FirstBytes(connection, traffic));
    }
  }
}
