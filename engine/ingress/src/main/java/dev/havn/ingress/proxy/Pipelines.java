// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which handlers a connection has. Whatever the protocol, the last of them sees requests and
/// answers as objects of HTTP/1.1, one for each read that it asks for.
final class Pipelines {
  private static final Logger LOG = LoggerFactory.getLogger(Pipelines.class);

  private Pipelines() {}

  static void http1(ChannelPipeline pipeline, Connection connection, Traffic traffic) {
    pipeline.channel().config().setAutoRead(false);
    pipeline
        .addLast("http", new HttpServerCodec(decoding()))
        .addLast("flow", new OneByOne(false))
        .addLast("requests", new Requests(connection, traffic));
  }

  static void http2(ChannelPipeline pipeline, Connection connection, Traffic traffic) {
    Connection streams = connection.http2();
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(Limits.STREAMS_MAX)
                    .initialWindowSize(Limits.WINDOW_BYTES)
                    .maxHeaderListSize(Limits.HEADER_BYTES_MAX))
            .decoderEnforceMaxRstFramesPerWindow(Limits.RESETS_MAX, Limits.RESETS_WITHIN_SECONDS)
            .build();
    pipeline
        .addLast(codec)
        .addLast(new Silence(codec.connection(), traffic.limits().request(), () -> {}))
        .addLast(
            new Http2MultiplexHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel stream) {
                    stream.config().setAutoRead(false);
                    stream
                        .pipeline()
                        .addLast(new Http2StreamFrameToHttpObjectCodec(true))
                        .addLast("flow", new OneByOne(false))
                        .addLast("requests", new Requests(streams, traffic));
                  }
                }))
        .addLast(new Faults(connection));
  }

  /// Of a connection to a backend.
  static void toHttp1(ChannelPipeline pipeline, Answers answers) {
    pipeline
        .addLast("http", new HttpClientCodec(decoding(), false, true))
        .addLast("flow", new OneByOne(true))
        .addLast("answers", answers);
  }

  /// @param unused runs before the connection is closed because nobody uses it
  static void toHttp2(
      ChannelPipeline pipeline, ChannelInboundHandlerAdapter ends, Duration idle, Runnable unused) {
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forClient()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .pushEnabled(false)
                    .initialWindowSize(Limits.WINDOW_BYTES)
                    .maxHeaderListSize(Limits.HEADER_BYTES_MAX))
            .encoderEnforceMaxConcurrentStreams(true)
            .gracefulShutdownTimeoutMillis(idle.toMillis())
            .build();
    pipeline
        .addLast(codec)
        .addLast(new Silence(codec.connection(), idle, unused))
        .addLast(
            new Http2MultiplexHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel pushed) {
                    pushed.close();
                  }
                }))
        .addLast(ends);
  }

  static void toStream(ChannelPipeline pipeline, Answers answers) {
    pipeline
        .addLast(new Http2StreamFrameToHttpObjectCodec(false))
        .addLast("flow", new OneByOne(true))
        .addLast("answers", answers);
  }

  /// What is wrong about lengths and pieces is refused, not mended (RFC 9112, section 6.3).
  private static HttpDecoderConfig decoding() {
    return new HttpDecoderConfig()
        .setMaxInitialLineLength(Limits.LINE_BYTES_MAX)
        .setMaxHeaderSize(Limits.HEADER_BYTES_MAX)
        .setMaxChunkSize(Limits.CHUNK_BYTES_MAX)
        .setAllowDuplicateContentLengths(false)
        .setUseRfc9112TransferEncoding(true);
  }

  private static final class Faults extends ChannelInboundHandlerAdapter {
    private final Connection connection;

    Faults(Connection connection) {
      this.connection = connection;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      LOG.debug("{}: {}", connection, cause.toString());
      context.close();
    }
  }
}
