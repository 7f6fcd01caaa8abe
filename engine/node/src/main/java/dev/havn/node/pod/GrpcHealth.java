// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.codec.http2.Http2StreamFrame;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The gRPC health protocol (`grpc.health.v1.Health/Check`) over HTTP/2 without TLS: one question,
/// one answer.
final class GrpcHealth {
  private static final String PATH = "/grpc.health.v1.Health/Check";
  private static final int SERVING = 1;
  private static final byte STATUS_TAG = 1 << 3;
  private static final byte SERVICE_TAG = 1 << 3 | 2;
  private static final int PREFIX_BYTES = 5;
  private static final int SERVICE_BYTES_MAX = 127;

  private GrpcHealth() {}

  /// @param socket that is not connected; it is closed with the answer
  static ProbeRun.Result check(
      SocketChannel socket, InetSocketAddress at, String service, Duration timeout)
      throws IOException {
    byte[] name = service.getBytes(StandardCharsets.UTF_8);
    if (name.length > SERVICE_BYTES_MAX) {
      socket.close();
      return new ProbeRun.Result(false, "service name is longer than " + SERVICE_BYTES_MAX);
    }
    String authority = authority(at);
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    CompletableFuture<ProbeRun.Result> answer = new CompletableFuture<>();
    try {
      group.schedule(
          () ->
              answer.complete(
                  new ProbeRun.Result(
                      false,
                      "timeout: failed to connect service \"%s\" within %ds: context deadline exceeded"
                          .formatted(authority, timeout.toSeconds()))),
          timeout.toMillis(),
          TimeUnit.MILLISECONDS);
      ChannelFuture connected = over(socket, group, timeout).connect(at).awaitUninterruptibly();
      if (!connected.isSuccess()) {
        return new ProbeRun.Result(false, String.valueOf(connected.cause().getMessage()));
      }
      ask(connected.channel(), authority, name, answer);
      return answer.join();
    } catch (CompletionException e) {
      return new ProbeRun.Result(false, String.valueOf(e.getCause()));
    } finally {
      var unused = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private static String authority(InetSocketAddress at) {
    String host = at.getHostString();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + at.getPort();
  }

  private static Bootstrap over(SocketChannel socket, EventLoopGroup group, Duration timeout) {
    return new Bootstrap()
        .group(group)
        .channelFactory(() -> new NioSocketChannel(socket))
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        Http2FrameCodecBuilder.forClient().build(),
                        new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
              }
            });
  }

  private static void ask(
      Channel channel,
      String authority,
      byte[] service,
      CompletableFuture<ProbeRun.Result> answer) {
    Http2StreamChannel stream =
        new Http2StreamChannelBootstrap(channel)
            .handler(new Answer(answer))
            .open()
            .syncUninterruptibly()
            .getNow();
    Http2Headers headers =
        new DefaultHttp2Headers().method("POST").path(PATH).scheme("http").authority(authority);
    headers.set("content-type", "application/grpc").set("te", "trailers");
    headers.set("user-agent", "kube-probe/1.36");
    stream.write(new DefaultHttp2HeadersFrame(headers, false));
    ByteBuf message = Unpooled.buffer();
    int length = service.length == 0 ? 0 : 2 + service.length;
    message.writeByte(0).writeInt(length);
    if (length > 0) {
      message.writeByte(SERVICE_TAG).writeByte(service.length).writeBytes(service);
    }
    stream.writeAndFlush(new DefaultHttp2DataFrame(message, true));
  }

  /// Reads the status from the message, or from the trailers when there is none.
  private static final class Answer extends SimpleChannelInboundHandler<Http2StreamFrame> {
    private final CompletableFuture<ProbeRun.Result> answer;
    private final ByteBuf received = Unpooled.buffer();

    Answer(CompletableFuture<ProbeRun.Result> answer) {
      this.answer = answer;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Http2StreamFrame frame) {
      if (frame instanceof Http2DataFrame data) {
        received.writeBytes(data.content());
      } else if (frame instanceof Http2HeadersFrame headers && headers.isEndStream()) {
        CharSequence code = headers.headers().get("grpc-status");
        CharSequence text = headers.headers().get("grpc-message");
        boolean fine = code != null && code.toString().equals("0");
        answer.complete(fine ? ofMessage() : refused(code, text));
      }
    }

    private static ProbeRun.Result refused(
        @Nullable CharSequence code, @Nullable CharSequence text) {
      return new ProbeRun.Result(
          false, "error: health rpc failed: status %s: %s".formatted(code, text));
    }

    private ProbeRun.Result ofMessage() {
      int status = 0;
      if (received.readableBytes() >= PREFIX_BYTES + 2
          && received.getByte(PREFIX_BYTES) == STATUS_TAG) {
        status = received.getByte(PREFIX_BYTES + 1);
      }
      String name =
          switch (status) {
            case SERVING -> "SERVING";
            case 2 -> "NOT_SERVING";
            case 3 -> "SERVICE_UNKNOWN";
            default -> "UNKNOWN";
          };
      return status == SERVING
          ? new ProbeRun.Result(true, "service healthy")
          : new ProbeRun.Result(false, "service unhealthy (responded with \"" + name + "\")");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      answer.complete(new ProbeRun.Result(false, String.valueOf(cause.getMessage())));
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      answer.complete(new ProbeRun.Result(false, "the connection was closed before an answer"));
    }
  }
}
