// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// A connection's raw bytes as blocking streams, bounded in what waits on either side.
public final class NettyDuplex implements ByteDuplex {
  private static final int WAITING_BYTES_MAX = 1 << 20;

  private final Channel channel;
  private final Deque<byte[]> waiting = new ArrayDeque<>();
  private int waitingBytes;
  private boolean ended;

  /// @param channel whose bytes come once [#inbound()] is in its pipeline
  public NettyDuplex(Channel channel) {
    this.channel = channel;
  }

  /// The end of the channel's pipeline.
  public ChannelInboundHandlerAdapter inbound() {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        try {
          if (message instanceof ByteBuf bytes) {
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.readBytes(copy);
            offer(copy);
          }
        } finally {
          ReferenceCountUtil.release(message);
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
    };
  }

  private synchronized void offer(byte[] bytes) {
    waiting.add(bytes);
    waitingBytes += bytes.length;
    if (waitingBytes > WAITING_BYTES_MAX) {
      channel.config().setAutoRead(false);
    }
    notifyAll();
  }

  private synchronized void end() {
    ended = true;
    notifyAll();
  }

  private synchronized byte @Nullable [] take() throws InterruptedIOException {
    try {
      while (waiting.isEmpty() && !ended) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading");
    }
    byte @Nullable [] next = waiting.poll();
    if (next != null) {
      waitingBytes -= next.length;
      if (waitingBytes <= WAITING_BYTES_MAX / 2) {
        channel.config().setAutoRead(true);
      }
    }
    return next;
  }

  @Override
  public InputStream in() {
    return new InputStream() {
      private byte[] current = {};
      private int position;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        while (position == current.length) {
          byte @Nullable [] next = take();
          if (next == null) {
            return -1;
          }
          current = next;
          position = 0;
        }
        int part = Math.min(length, current.length - position);
        System.arraycopy(current, position, target, offset, part);
        position += part;
        return part;
      }
    };
  }

  @Override
  public OutputStream out() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        byte[] copy = java.util.Arrays.copyOfRange(bytes, offset, offset + length);
        var written = channel.writeAndFlush(Unpooled.wrappedBuffer(copy));
        if (!channel.isWritable()) {
          written.awaitUninterruptibly();
        }
        if (!channel.isActive()) {
          throw new IOException("the connection is closed");
        }
      }
    };
  }

  @Override
  public void close() {
    end();
    channel.close();
  }
}
