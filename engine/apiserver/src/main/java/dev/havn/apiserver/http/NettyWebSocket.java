// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// A WebSocket over the network. Frames are gathered on the event loop; messages are delivered one
/// after another on the executor.
final class NettyWebSocket implements WebSocket {
  private static final int WAITING_MESSAGES_MAX = 64;
  private static final int WAITING_BYTES_MAX = 1 << 20;
  private static final int MESSAGE_BYTES_MAX = 4 << 20;

  private final Channel channel;
  private final Executor executor;
  private final Deque<Message> waiting = new ArrayDeque<>();
  private int waitingBytes;
  private @Nullable Listener listener;
  private boolean delivering;
  private boolean ended;
  private boolean told;

  private record Message(byte[] bytes, boolean text) {}

  NettyWebSocket(Channel channel, Executor executor) {
    this.channel = channel;
    this.executor = executor;
  }

  ChannelInboundHandlerAdapter inbound() {
    return new Frames();
  }

  /// Runs on the event loop.
  private final class Frames extends ChannelInboundHandlerAdapter {
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private boolean text;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      try {
        switch (message) {
          case PingWebSocketFrame ping -> pong(context, ping);
          case CloseWebSocketFrame _ -> {
            context.writeAndFlush(new CloseWebSocketFrame(1000, ""));
            context.close();
          }
          case WebSocketFrame frame -> data(context, frame);
          default -> {}
        }
      } finally {
        ReferenceCountUtil.release(message);
      }
    }

    /// Who asks without reading the answers gets no more of them.
    private void pong(ChannelHandlerContext context, PingWebSocketFrame ping) {
      if (context.channel().isWritable()) {
        context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
      }
    }

    private void data(ChannelHandlerContext context, WebSocketFrame frame) {
      if (frame instanceof PongWebSocketFrame) {
        return;
      }
      if (!(frame instanceof ContinuationWebSocketFrame)) {
        text = frame instanceof TextWebSocketFrame;
      }
      ByteBuf content = frame.content();
      if (partial.size() + content.readableBytes() > MESSAGE_BYTES_MAX) {
        context.writeAndFlush(new CloseWebSocketFrame(1009, "message too big"));
        context.close();
        return;
      }
      try {
        content.readBytes(partial, content.readableBytes());
      } catch (IOException e) {
        throw new AssertionError("writing to memory", e);
      }
      if (frame.isFinalFragment()) {
        offer(new Message(partial.toByteArray(), text));
        partial.reset();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  private synchronized void offer(Message message) {
    waiting.add(message);
    waitingBytes += message.bytes().length;
    if (waiting.size() >= WAITING_MESSAGES_MAX || waitingBytes >= WAITING_BYTES_MAX) {
      channel.config().setAutoRead(false);
    }
    startDelivery();
  }

  private synchronized void end() {
    ended = true;
    startDelivery();
  }

  private synchronized void startDelivery() {
    if (!delivering && listener != null && (!waiting.isEmpty() || (ended && !told))) {
      delivering = true;
      executor.execute(this::deliver);
    }
  }

  private void deliver() {
    while (true) {
      @Nullable Message next;
      Listener to;
      synchronized (this) {
        next = waiting.poll();
        if (listener == null || (next == null && (!ended || told))) {
          delivering = false;
          return;
        }
        to = listener;
        if (next == null) {
          told = true;
        }
        if (next != null) {
          waitingBytes -= next.bytes().length;
        }
        if (waiting.size() <= WAITING_MESSAGES_MAX / 2 && waitingBytes < WAITING_BYTES_MAX) {
          channel.config().setAutoRead(true);
        }
      }
      if (next == null) {
        to.onClose();
      } else {
        to.onMessage(ByteBuffer.wrap(next.bytes()), next.text());
      }
    }
  }

  @Override
  public void send(ByteBuffer message, boolean text) {
    ByteBuf content = Unpooled.copiedBuffer(message);
    var written =
        channel.writeAndFlush(
            text ? new TextWebSocketFrame(content) : new BinaryWebSocketFrame(content));
    if (!channel.isWritable()) {
      written.awaitUninterruptibly();
    }
    if (!channel.isActive()) {
      throw new UncheckedIOException(new IOException("the WebSocket is closed"));
    }
  }

  @Override
  public void close(int code, String reason) {
    channel
        .writeAndFlush(new CloseWebSocketFrame(code, reason))
        .addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public synchronized void listen(Listener to) {
    listener = to;
    startDelivery();
  }
}
