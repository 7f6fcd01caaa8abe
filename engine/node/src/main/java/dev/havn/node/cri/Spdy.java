// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdyWindowUpdateFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyGoAwayFrame;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The client of a SPDY/3.1 connection that begins as an HTTP request, as the streams of container
/// runtimes do. One thread reads; writers lock. Netty's codec does the framing.
final class Spdy implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Spdy.class);
  private static final int FRAME_BYTES_MAX = 16 << 10;
  private static final int READ_BYTES = 32 << 10;
  private static final int HEAD_BYTES_MAX = 16 << 10;
  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(30);

  private final Socket socket;
  private final EmbeddedChannel codec =
      new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
  private final Set<Integer> readable = new HashSet<>();
  private int nextId = 1;

  /// Who gets what comes.
  interface Receiver {
    /// @param last whether the stream says nothing more
    void receive(int stream, byte[] bytes, boolean last) throws IOException;
  }

  private Spdy(Socket socket) {
    this.socket = socket;
  }

  /// Connects, and asks for the protocol.
  ///
  /// @param protocol of the streams, as of `X-Stream-Protocol-Version`
  /// @throws IOException when the other side does not want to
  static Spdy connect(URI url, String protocol) throws IOException {
    if (!"http".equals(url.getScheme())) {
      throw new IOException(
          "streams of the runtime come over "
              + url.getScheme()
              + ", only http is spoken: set enable_tls_streaming = false in its configuration");
    }
    Socket socket = new Socket();
    try {
      int timeout = (int) CONNECT_WITHIN.toMillis();
      socket.connect(new InetSocketAddress(url.getHost(), url.getPort()), timeout);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(timeout);
      String request =
          "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: %s\r\nContent-Length: 0\r\n\r\n"
              .formatted(url.getRawPath(), url.getRawAuthority(), protocol);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String head = head(socket.getInputStream());
      if (!head.startsWith("HTTP/1.1 101")) {
        throw new IOException("the runtime does not open streams: " + head.lines().findFirst());
      }
      socket.setSoTimeout(0);
      return new Spdy(socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.length() < HEAD_BYTES_MAX && head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  /// Opens a stream.
  int open(Map<String, String> headers) throws IOException {
    synchronized (codec) {
      int id = nextId;
      nextId += 2;
      DefaultSpdySynStreamFrame frame = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
      headers.forEach(frame.headers()::set);
      readable.add(id);
      send(frame);
      return id;
    }
  }

  void write(int stream, byte[] bytes, int length) throws IOException {
    for (int at = 0; at < length; at += FRAME_BYTES_MAX) {
      int part = Math.min(FRAME_BYTES_MAX, length - at);
      send(new DefaultSpdyDataFrame(stream, Unpooled.copiedBuffer(bytes, at, part)));
    }
  }

  /// Nothing more will be written to a stream.
  void end(int stream) throws IOException {
    DefaultSpdyDataFrame last = new DefaultSpdyDataFrame(stream, Unpooled.EMPTY_BUFFER);
    last.setLast(true);
    send(last);
  }

  /// Reads until the connection ends or the receiver has closed it.
  void run(Receiver receiver) throws IOException {
    byte[] buffer = new byte[READ_BYTES];
    InputStream in = socket.getInputStream();
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      for (Object frame : decode(buffer, n)) {
        try {
          if (!handle(frame, receiver)) {
            return;
          }
        } finally {
          ReferenceCountUtil.release(frame);
        }
      }
    }
  }

  private List<Object> decode(byte[] bytes, int length) {
    List<Object> frames = new ArrayList<>();
    synchronized (codec) {
      codec.writeInbound(Unpooled.copiedBuffer(bytes, 0, length));
      for (Object frame = codec.readInbound(); frame != null; frame = codec.readInbound()) {
        frames.add(frame);
      }
    }
    return frames;
  }

  /// @return whether more may come
  private boolean handle(Object frame, Receiver receiver) throws IOException {
    switch (frame) {
      case SpdyDataFrame data -> data(data, receiver);
      case SpdySynReplyFrame reply -> {
        if (reply.isLast()) {
          last(reply.streamId(), receiver);
        }
      }
      case SpdyRstStreamFrame reset -> last(reset.streamId(), receiver);
      case SpdyPingFrame ping -> {
        if (ping.id() % 2 == 0) {
          tell(new DefaultSpdyPingFrame(ping.id()));
        }
      }
      case SpdyGoAwayFrame _ -> {
        return false;
      }
      default -> {
        // Windows and settings bind nobody here.
      }
    }
    return true;
  }

  private void data(SpdyDataFrame data, Receiver receiver) throws IOException {
    ByteBuf content = data.content();
    byte[] bytes = new byte[content.readableBytes()];
    content.readBytes(bytes);
    if (bytes.length > 0) {
      receiver.receive(data.streamId(), bytes, false);
      tell(new DefaultSpdyWindowUpdateFrame(data.streamId(), bytes.length));
      tell(new DefaultSpdyWindowUpdateFrame(0, bytes.length));
    }
    if (data.isLast()) {
      last(data.streamId(), receiver);
    }
  }

  private void last(int stream, Receiver receiver) throws IOException {
    boolean isNew;
    synchronized (codec) {
      isNew = readable.remove(stream);
    }
    if (isNew) {
      receiver.receive(stream, new byte[0], true);
    }
  }

  /// Says what the other side need not hear: it may have said its last word, which is still to be
  /// read.
  private void tell(Object frame) {
    try {
      send(frame);
    } catch (IOException e) {
      LOG.debug("nobody hears {}: {}", frame, e.getMessage());
    }
  }

  private void send(Object frame) throws IOException {
    synchronized (codec) {
      codec.writeOutbound(frame);
      OutputStream out = socket.getOutputStream();
      for (ByteBuf bytes = codec.readOutbound(); bytes != null; bytes = codec.readOutbound()) {
        byte[] copy = new byte[bytes.readableBytes()];
        bytes.readBytes(copy);
        bytes.release();
        out.write(copy);
      }
      out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
