// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns what Netty decodes into requests for the handler: one at a time on an HTTP/1.1 connection,
/// one in all on an HTTP/2 stream. Runs on the channel's event loop.
///
/// A request is handled as soon as its head is there. Its body is read when the handler asks for
/// it; what came along with the head waits meanwhile, and so do requests that were sent before the
/// answer to the one before them.
final class HttpExchanges extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(HttpExchanges.class);
  private static final int WAITING_MESSAGES_MAX = 256;

  /// What is read of a body that nobody wants, so that its sender comes to read the answer.
  private static final long UNWANTED_BYTES_MAX = 32 << 20;

  private final Shared shared;
  private final ConnectionUse use;
  private final Credential credential;
  private final boolean http2;
  private final Deque<Object> waiting = new ArrayDeque<>();

  /// Not handed to the handler yet.
  private @Nullable HttpRequest head;

  /// Of the request that is being handled, or whose rest is being read.
  private @Nullable IncomingBody body;

  private boolean receiving;
  private boolean answering;
  private volatile boolean sent;

  /// Where the next request begins cannot be told any more.
  private volatile boolean broken;

  private int unreadLooks;
  private long unwrittenBytes;
  private long unwanted;
  private @Nullable NettyResponse current;

  /// What all exchanges of a door share.
  ///
  /// @param closing whether a connection ends with the answer that is under way
  record Shared(
      Handler handler,
      Executor executor,
      AuditIds audits,
      BodyBudget budget,
      DoorLimits limits,
      BooleanSupplier closing) {}

  HttpExchanges(Shared shared, ConnectionUse use, Credential credential, boolean http2) {
    this.shared = shared;
    this.use = use;
    this.credential = credential;
    this.http2 = http2;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (http2) {
      use.begin();
    }
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    boolean early = message instanceof HttpRequest && (receiving || answering);
    if (!early && waiting.isEmpty()) {
      receive(context, message);
    } else if (waiting.size() < WAITING_MESSAGES_MAX) {
      waiting.add(message);
    } else {
      ReferenceCountUtil.release(message);
      context.close();
    }
  }

  private void receive(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof HttpRequest request) {
        @Nullable Refusal refusal = http2 ? null : Refusal.of(request);
        if (refusal != null) {
          refusal.send(context);
          return;
        }
        begin(context, request);
      }
      IncomingBody to = body;
      if (message instanceof HttpContent content && to != null && receiving) {
        if (!answering && head == null) {
          unwanted += content.content().readableBytes();
          if (unwanted > UNWANTED_BYTES_MAX) {
            context.close();
          }
        }
        to.add(content.content());
        if (message instanceof LastHttpContent last) {
          receiving = false;
          if (last.decoderResult().isFailure()) {
            broken = true;
            to.breakOff(Refusal.ofChunk(last.decoderResult().cause()));
          } else {
            to.end();
          }
          dispatch(context);
          if (!answering && broken) {
            context.close();
          } else if (!answering) {
            next(context);
          }
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void begin(ChannelHandlerContext context, HttpRequest request) {
    head = request;
    receiving = true;
    unwanted = 0;
    if (!http2) {
      use.begin();
    }
    body =
        new IncomingBody(
            shared.budget(),
            shared.limits().body(),
            () -> context.channel().eventLoop().execute(() -> want(context, request)),
            () -> context.channel().config().setAutoRead(false));
  }

  private void want(ChannelHandlerContext context, HttpRequest request) {
    if (!receiving) {
      return;
    }
    if (HttpUtil.is100ContinueExpected(request)) {
      context.writeAndFlush(
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
      request.headers().remove(HttpHeaderNames.EXPECT);
    }
    context.channel().config().setAutoRead(true);
  }

  /// What came in one go is handled in one go: most bodies are there by now.
  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    dispatch(context);
    context.fireChannelReadComplete();
  }

  private void dispatch(ChannelHandlerContext context) {
    HttpRequest request = head;
    IncomingBody content = body;
    if (request == null || content == null || !use.handle()) {
      return;
    }
    head = null;
    answering = true;
    sent = false;
    unreadLooks = 0;
    use.answering(this);
    if (!http2 || receiving) {
      context.channel().config().setAutoRead(false);
    }
    NettyResponse response =
        new NettyResponse(
            context,
            request,
            new NettyResponse.Exchange(
                http2,
                shared.executor(),
                shared.audits(),
                content,
                () -> broken || shared.closing().getAsBoolean(),
                () -> sent = true,
                () -> answered(context)));
    current = response;
    shared
        .executor()
        .execute(
            () -> {
              try {
                answer(request, content, context.channel(), response);
              } catch (RuntimeException | Error e) {
                LOG.error("{} {} failed without an answer", request.method(), request.uri(), e);
                response.abort();
              } finally {
                content.release();
                use.handled();
              }
            });
  }

  private void answer(
      HttpRequest request, IncomingBody content, Channel channel, NettyResponse response) {
    NettyRequest given;
    try {
      given = NettyRequest.of(request, content, credential, channel);
    } catch (IllegalArgumentException notEncoded) {
      ByteBuffer text = ByteBuffer.wrap("400 Bad Request".getBytes(StandardCharsets.US_ASCII));
      Headers headers = new Headers().set("content-type", "text/plain; charset=utf-8");
      response.send(400, headers, List.of(text));
      return;
    }
    shared.handler().handle(given, response);
  }

  /// An answer that is not read in time is given up, with its connection or its stream.
  void look(int looksMax) {
    NettyResponse response = current;
    if (response == null || !sent) {
      return;
    }
    long unwritten = response.unwrittenBytes();
    unreadLooks = unwritten == unwrittenBytes ? unreadLooks + 1 : 0;
    unwrittenBytes = unwritten;
    if (unreadLooks > looksMax) {
      response.abort();
    }
  }

  /// The answer is written; what is left of the body is of no use.
  private void answered(ChannelHandlerContext context) {
    answering = false;
    use.answered(this);
    if (http2) {
      if (receiving) {
        context.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR));
      }
      return;
    }
    use.end();
    if (broken) {
      context.close();
      return;
    }
    context.channel().config().setAutoRead(true);
    if (!receiving) {
      next(context);
    }
  }

  private void next(ChannelHandlerContext context) {
    while (!answering && !receiving && !waiting.isEmpty()) {
      do {
        receive(context, waiting.remove());
      } while (receiving && !waiting.isEmpty());
      dispatch(context);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    NettyResponse response = current;
    if (response != null && context.channel().isWritable()) {
      response.becameWritable();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    use.answered(this);
    if (http2) {
      use.end();
    }
    IncomingBody content = body;
    if (content != null) {
      content.peerHasGone();
      if (head != null) {
        content.release();
      }
    }
    NettyResponse response = current;
    if (response != null) {
      response.peerHasGone();
    }
    drop();
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    drop();
  }

  private void drop() {
    waiting.forEach(ReferenceCountUtil::release);
    waiting.clear();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.debug("connection {} ends: {}", context.channel().remoteAddress(), cause.toString());
    context.close();
  }
}
