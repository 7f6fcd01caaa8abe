// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Rule.Backend;
import dev.havn.ingress.routing.Rule.Endpoint;
import dev.havn.ingress.routing.Rule.Protocol;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The connections of one event loop to backends. Of HTTP/1.1 each carries a request at a time and
/// is kept for the next; of HTTP/2 there is one for each endpoint.
///
/// Runs on its event loop.
final class Upstreams {
  private static final Object ALL = new Object();

  private final EventLoop loop;
  private final Limits limits;
  private final Map<Endpoint, Deque<Idle>> idle = new HashMap<>();
  private final Map<Endpoint, Channel> shared = new HashMap<>();
  private final Map<Endpoint, List<Wish>> waiting = new HashMap<>();
  private final Map<Endpoint, Integer> load = new HashMap<>();
  private final Headcount counts;

  private record Idle(Channel channel, ScheduledFuture<?> timer) {}

  private interface Opened {
    void done(Channel channel);

    void failed(Throwable why);
  }

  /// There are as many connections as there may be.
  static final class FullException extends IOException {
    FullException(Endpoint endpoint) {
      super("no more connections to " + endpoint);
    }
  }

  /// Gets a connection or a word why there is none.
  interface Wish {
    void granted(Channel channel, Answers answers);

    void refused(Throwable why);
  }

  /// @param counts of connections, those of other event loops as well
  Upstreams(EventLoop loop, Limits limits, Headcount counts) {
    this.loop = loop;
    this.counts = counts;
    this.limits = limits;
  }

  /// Requests under way to an endpoint from here.
  int load(Endpoint endpoint) {
    return load.getOrDefault(endpoint, 0);
  }

  void begun(Endpoint endpoint) {
    load.merge(endpoint, 1, Integer::sum);
  }

  void ended(Endpoint endpoint) {
    load.computeIfPresent(endpoint, (_, count) -> count <= 1 ? null : count - 1);
  }

  /// @param fresh whether no connection that was used before is wanted
  void acquire(Backend to, Endpoint endpoint, boolean fresh, Wish wish) {
    switch (to.protocol()) {
      case HTTP -> {
        @Nullable Channel kept = fresh ? null : take(endpoint);
        if (kept != null) {
          wish.granted(kept, kept.pipeline().get(Answers.class));
        } else {
          single(to, endpoint, wish);
        }
      }
      case H2C -> stream(to, endpoint, wish);
    }
  }

  private @Nullable Channel take(Endpoint endpoint) {
    @Nullable Deque<Idle> kept = idle.get(endpoint);
    while (kept != null && !kept.isEmpty()) {
      Idle newest = kept.pollLast();
      newest.timer().cancel(false);
      if (newest.channel().isActive()) {
        return newest.channel();
      }
    }
    return null;
  }

  /// Keeps a connection whose answer has ended.
  void release(Endpoint endpoint, Channel channel) {
    Deque<Idle> kept = idle.computeIfAbsent(endpoint, _ -> new ArrayDeque<>());
    if (!channel.isActive() || kept.size() >= Limits.IDLE_CONNECTIONS_MAX) {
      channel.close();
      return;
    }
    kept.addLast(
        new Idle(
            channel,
            loop.schedule(
                () -> {
                  channel.close();
                },
                limits.idle().toMillis(),
                TimeUnit.MILLISECONDS)));
    // So that its end is noticed.
    channel.read();
  }

  private Bootstrap bootstrap() {
    return new Bootstrap()
        .group(loop)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(limits.connect().toMillis()))
        .option(
            ChannelOption.WRITE_BUFFER_WATER_MARK,
            new WriteBufferWaterMark(Limits.WRITE_LOW_BYTES, Limits.WRITE_HIGH_BYTES));
  }

  private static InetSocketAddress place(Endpoint endpoint) {
    return new InetSocketAddress(InetAddress.ofLiteral(endpoint.address()), endpoint.port());
  }

  /// Connects when there is room for one more connection.
  private void connect(Backend to, Endpoint endpoint, ChannelHandler handler, Opened opened) {
    if (!enter(to.owner(), endpoint)) {
      opened.failed(new FullException(endpoint));
      return;
    }
    bootstrap()
        .option(ChannelOption.AUTO_READ, to.protocol() == Protocol.H2C)
        .handler(handler)
        .connect(place(endpoint))
        .addListener(
            (ChannelFuture done) -> {
              if (done.isSuccess()) {
                done.channel().closeFuture().addListener(_ -> leave(to.owner(), endpoint));
                opened.done(done.channel());
              } else {
                leave(to.owner(), endpoint);
                opened.failed(done.cause());
              }
            });
  }

  private boolean enter(String owner, Endpoint endpoint) {
    if (!counts.enter(ALL, Limits.TO_BACKENDS_MAX)) {
      return false;
    }
    if (!counts.enter(owner, Limits.OF_OWNER_MAX)) {
      counts.leave(ALL);
      return false;
    }
    if (!counts.enter(endpoint, Limits.TO_ENDPOINT_MAX)) {
      counts.leave(owner);
      counts.leave(ALL);
      return false;
    }
    return true;
  }

  private void leave(String owner, Endpoint endpoint) {
    counts.leave(endpoint);
    counts.leave(owner);
    counts.leave(ALL);
  }

  private void single(Backend to, Endpoint endpoint, Wish wish) {
    Answers answers = new Answers();
    connect(
        to,
        endpoint,
        new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            Pipelines.toHttp1(channel.pipeline(), answers);
            channel.closeFuture().addListener(_ -> drop(endpoint, channel));
          }
        },
        new Opened() {
          @Override
          public void done(Channel channel) {
            wish.granted(channel, answers);
          }

          @Override
          public void failed(Throwable why) {
            wish.refused(why);
          }
        });
  }

  private void drop(Endpoint endpoint, Channel channel) {
    idle.computeIfPresent(
        endpoint,
        (_, kept) -> {
          kept.removeIf(
              each -> {
                boolean isIt = each.channel() == channel;
                if (isIt) {
                  each.timer().cancel(false);
                }
                return isIt;
              });
          return kept.isEmpty() ? null : kept;
        });
  }

  /// While a connection is made, others wait for it.
  private void stream(Backend to, Endpoint endpoint, Wish wish) {
    @Nullable Channel open = shared.get(endpoint);
    if (open != null && open.isActive()) {
      openStream(open, wish);
      return;
    }
    @Nullable List<Wish> others = waiting.get(endpoint);
    if (others != null) {
      others.add(wish);
      return;
    }
    waiting.put(endpoint, new ArrayList<>(List.of(wish)));
    connect(
        to,
        endpoint,
        new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            Pipelines.toHttp2(
                channel.pipeline(),
                new SharedEnd(endpoint),
                limits.idle(),
                () -> shared.remove(endpoint, channel));
          }
        },
        new Opened() {
          @Override
          public void done(Channel channel) {
            shared.put(endpoint, channel);
            waited(endpoint).forEach(each -> openStream(channel, each));
          }

          @Override
          public void failed(Throwable why) {
            waited(endpoint).forEach(each -> each.refused(why));
          }
        });
  }

  private List<Wish> waited(Endpoint endpoint) {
    return Objects.requireNonNullElse(waiting.remove(endpoint), List.of());
  }

  private static void openStream(Channel connection, Wish wish) {
    Answers answers = new Answers();
    new Http2StreamChannelBootstrap(connection)
        .option(ChannelOption.AUTO_READ, false)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                Pipelines.toStream(stream.pipeline(), answers);
              }
            })
        .open()
        .addListener(
            (io.netty.util.concurrent.Future<Channel> done) -> {
              if (done.isSuccess()) {
                wish.granted(done.getNow(), answers);
              } else {
                wish.refused(
                    new IOException("no stream: " + done.cause().getMessage(), done.cause()));
              }
            });
  }

  /// Closes what is kept for endpoints that nobody names any more.
  void keepOnly(Set<Endpoint> wanted) {
    List<Channel> stale = new ArrayList<>();
    idle.forEach(
        (endpoint, kept) -> {
          if (!wanted.contains(endpoint)) {
            kept.forEach(each -> stale.add(each.channel()));
          }
        });
    shared.forEach(
        (endpoint, channel) -> {
          if (!wanted.contains(endpoint) && load(endpoint) == 0) {
            stale.add(channel);
          }
        });
    stale.forEach(Channel::close);
  }

  private final class SharedEnd extends ChannelInboundHandlerAdapter {
    private final Endpoint endpoint;

    SharedEnd(Endpoint endpoint) {
      this.endpoint = endpoint;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof io.netty.handler.codec.http2.Http2GoAwayFrame) {
        shared.remove(endpoint, context.channel());
        // Waits for the streams that are open, up to a bound.
        context.close();
      }
      io.netty.util.ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      shared.remove(endpoint, context.channel());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      shared.remove(endpoint, context.channel());
      context.close();
    }
  }
}
