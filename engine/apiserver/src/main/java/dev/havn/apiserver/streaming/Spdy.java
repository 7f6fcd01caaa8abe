// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import dev.havn.apiserver.http.ByteDuplex;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyGoAwayFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.DefaultSpdyWindowUpdateFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// SPDY/3.1 over the bytes of a connection: streams that the client opens, with headers, each
/// readable and writable. Netty's codec does the framing. One thread reads the connection; writers
/// lock.
final class Spdy {
  private static final Logger LOG = LoggerFactory.getLogger(Spdy.class);
  private static final int FRAME_BYTES_MAX = 16 << 10;
  private static final int READ_BYTES = 32 << 10;
  private static final int STREAMS_MAX = 1_000;

  private final ByteDuplex connection;
  private final OutputStream out;
  private final EmbeddedChannel codec =
      new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
  private final Map<Integer, Stream> streams = new ConcurrentHashMap<>();
  private final Consumer<Stream> opened;
  private int lastId;

  /// @param opened is told of each stream the client opens, on the reading thread
  Spdy(ByteDuplex connection, Consumer<Stream> opened) {
    this.connection = connection;
    this.out = connection.out();
    this.opened = opened;
  }

  /// A stream; what the client sends is read from `in`, what it gets is written to `out`.
  final class Stream {
    private final int id;
    private final Map<String, String> headers;
    private final Pipe in = new Pipe();
    private boolean inEnded;
    private boolean outEnded;

    Stream(int id, Map<String, String> headers) {
      this.id = id;
      this.headers = headers;
    }

    @Nullable String header(String name) {
      return headers.get(name);
    }

    InputStream in() {
      return in;
    }

    OutputStream out() {
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          int at = offset;
          int left = length;
          while (left > 0) {
            int part = Math.min(left, FRAME_BYTES_MAX);
            send(new DefaultSpdyDataFrame(id, Unpooled.copiedBuffer(bytes, at, part)));
            at += part;
            left -= part;
          }
        }

        @Override
        public void close() throws IOException {
          DefaultSpdyDataFrame last = new DefaultSpdyDataFrame(id, Unpooled.EMPTY_BUFFER);
          last.setLast(true);
          send(last);
          ended(false);
        }
      };
    }

    private void end() {
      in.end();
      ended(true);
    }

    /// A stream that has ended both ways takes no room.
    private synchronized void ended(boolean input) {
      inEnded |= input;
      outEnded |= !input;
      if (inEnded && outEnded) {
        streams.remove(id);
      }
    }
  }

  /// Reads the connection until it ends.
  void run() {
    byte[] buffer = new byte[READ_BYTES];
    try {
      InputStream in = connection.in();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        receive(buffer, n);
      }
    } catch (Exception e) {
      // Netty's codec throws checked exceptions that it does not declare, at frames that are none.
      LOG.debug("a SPDY connection ends: {}", e.toString());
    } finally {
      List.copyOf(streams.values()).forEach(Stream::end);
    }
  }

  private void receive(byte[] bytes, int length) throws IOException {
    List<Object> frames = new ArrayList<>();
    synchronized (codec) {
      codec.writeInbound(Unpooled.copiedBuffer(bytes, 0, length));
      for (Object frame = codec.readInbound(); frame != null; frame = codec.readInbound()) {
        frames.add(frame);
      }
    }
    for (Object frame : frames) {
      try {
        handle(frame);
      } finally {
        ReferenceCountUtil.release(frame);
      }
    }
  }

  private void handle(Object frame) throws IOException {
    switch (frame) {
      case SpdySynStreamFrame syn -> {
        require(syn);
        Map<String, String> headers = new ConcurrentHashMap<>();
        syn.headers()
            .forEach(
                header ->
                    headers.put(
                        header.getKey().toString().toLowerCase(java.util.Locale.ROOT),
                        header.getValue().toString()));
        Stream stream = new Stream(syn.streamId(), headers);
        streams.put(syn.streamId(), stream);
        DefaultSpdySynReplyFrame reply = new DefaultSpdySynReplyFrame(syn.streamId());
        // Without any header Netty sends no header block at all, which clients take for a broken
        // frame.
        reply.headers().set("version", "SPDY/3.1");
        send(reply);
        if (syn.isLast()) {
          stream.end();
        }
        opened.accept(stream);
      }
      case SpdyDataFrame data -> data(data);
      case SpdyPingFrame ping -> send(new DefaultSpdyPingFrame(ping.id()));
      case SpdyRstStreamFrame reset -> {
        Stream stream = streams.remove(reset.streamId());
        if (stream != null) {
          stream.end();
        }
      }
      default -> LOG.trace("a frame that needs no answer: {}", frame);
    }
  }

  /// Identifiers of a client are odd and grow (SPDY/3.1, section 2.3.2).
  private void require(SpdySynStreamFrame syn) throws IOException {
    int id = syn.streamId();
    if (id % 2 == 0 || id <= lastId || syn.isInvalid() || syn.isTruncated()) {
      throw new IOException("stream " + id + " is no new stream with headers that can be read");
    }
    if (streams.size() >= STREAMS_MAX) {
      throw new IOException("more than " + STREAMS_MAX + " streams are open");
    }
    lastId = id;
  }

  private void data(SpdyDataFrame data) throws IOException {
    Stream stream = streams.get(data.streamId());
    ByteBuf content = data.content();
    int length = content.readableBytes();
    if (stream != null && length > 0) {
      byte[] bytes = new byte[length];
      content.readBytes(bytes);
      try {
        stream.in.offer(bytes);
      } catch (IOException unread) {
        LOG.debug("stream {} is no longer read", data.streamId());
      }
    }
    if (length > 0) {
      send(new DefaultSpdyWindowUpdateFrame(data.streamId(), length));
      send(new DefaultSpdyWindowUpdateFrame(0, length));
    }
    if (stream != null && data.isLast()) {
      stream.end();
    }
  }

  private void send(Object frame) throws IOException {
    synchronized (codec) {
      codec.writeOutbound(frame);
      for (ByteBuf bytes = codec.readOutbound(); bytes != null; bytes = codec.readOutbound()) {
        byte[] copy = new byte[bytes.readableBytes()];
        bytes.readBytes(copy);
        bytes.release();
        out.write(copy);
      }
      out.flush();
    }
  }

  void close() {
    try {
      send(new DefaultSpdyGoAwayFrame(0));
    } catch (IOException e) {
      LOG.debug("the client left first: {}", e.getMessage());
    }
    connection.close();
  }
}
