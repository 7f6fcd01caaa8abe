// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Ends a connection of HTTP/2 that carries no stream for some time; notices that after one to two
/// times as long. Pings and settings are no use of it.
final class Silence extends ChannelInboundHandlerAdapter {
  private final Http2Connection connection;
  private final Duration time;
  private final Runnable before;
  private @Nullable ScheduledFuture<?> timer;
  private long seen = -1;

  /// @param before runs before the connection is closed
  Silence(Http2Connection connection, Duration time, Runnable before) {
    this.connection = connection;
    this.time = time;
    this.before = before;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    timer =
        context
            .executor()
            .scheduleWithFixedDelay(
                () -> look(context), time.toMillis(), time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look(ChannelHandlerContext context) {
    long streams =
        (long) connection.local().lastStreamCreated() + connection.remote().lastStreamCreated();
    if (connection.numActiveStreams() > 0) {
      seen = -1;
    } else if (seen == streams) {
      stop();
      before.run();
      context.close();
    } else {
      seen = streams;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    stop();
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    stop();
  }

  private void stop() {
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
