// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.NettyDuplex;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.transport.NetworkWords;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Passes requests on by HTTP/1.1, each on a connection of its own. For many threads; a call blocks
/// until the answer has begun, the rest of it comes on the event loop.
public final class ReverseProxy implements AutoCloseable {
  private static final int CONNECT_MILLIS_MAX = 30_000;
  private static final Duration HEAD_WITHIN = Duration.ofSeconds(60);
  private static final int CHUNK_BYTES = 64 << 10;

  /// Answers that are announced to be short are passed on in one piece.
  private static final long SHORT_BYTES_MAX = 64 << 10;

  private static final byte[] REDIRECTED =
      "the backend attempted to redirect this request, which is not permitted"
          .getBytes(StandardCharsets.US_ASCII);

  /// Of answers that are changed.
  private static final int CHANGED_BYTES_MAX = 32 << 20;

  private static final Set<String> BODILESS = Set.of("GET", "HEAD", "OPTIONS");
  private static final Rewriting UNCHANGED =
      new Rewriting() {
        @Override
        public boolean applies(Headers answer) {
          return false;
        }

        @Override
        public byte[] rewritten(byte[] body) {
          return body;
        }
      };

  private final Executor executor;
  private @Nullable EventLoopGroup loops;
  private boolean closed;

  /// An answer that was waited for.
  public record Answer(int status, Headers headers, byte[] body) {}

  /// @param executor carries one direction of each upgraded connection
  public ReverseProxy(Executor executor) {
    this.executor = executor;
  }

  /// Asks on behalf of this server and waits for the whole answer.
  ///
  /// @param within the connection is to be there, and after that the end of the answer
  /// @throws ProxyException when there was none in time, or a longer one
  public Answer get(Destination to, int bytesMax, Duration within) {
    Channel channel = connect(to, within);
    try {
      Backend backend = channel.pipeline().get(Backend.class);
      channel.writeAndFlush(head("GET", to, null, false));
      channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
      return await(
          backend.head().thenCompose(head -> whole(head, backend, channel, bytesMax)), within);
    } finally {
      channel.close();
    }
  }

  private static CompletableFuture<Answer> whole(
      Backend.Head head, Backend backend, Channel channel, int bytesMax) {
    WholeBody body = new WholeBody(bytesMax);
    backend.passBodyTo(channel, body);
    return body.whole().thenApply(bytes -> new Answer(head.status(), head.headers(), bytes));
  }

  /// Passes a request on, and the answer back as it is.
  ///
  /// @throws ProxyException when the server was not reached or did not answer
  public void pass(Request request, Destination to, Response response) {
    pass(request, to, response, UNCHANGED);
  }

  /// The same with answers changed.
  public void pass(Request request, Destination to, Response response, Rewriting rewriting) {
    InputStream body = InputStream.nullInputStream();
    byte[] first = {};
    @Nullable String upgrade = HopByHop.upgrade(request.headers());
    if (upgrade == null && !BODILESS.contains(request.method())) {
      body = request.bodyStream();
      first = read(body);
    }
    Channel channel = connect(to, Duration.ofMillis(CONNECT_MILLIS_MAX));
    boolean passing = false;
    try {
      Backend backend = channel.pipeline().get(Backend.class);
      channel.writeAndFlush(head(request.method(), to, upgrade, first.length > 0));
      if (first.length > 0) {
        send(first, body, channel, backend);
      } else {
        channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
      }
      Backend.Head head = await(backend.head(), HEAD_WITHIN);
      if (!to.mayRedirect() && isRedirect(head)) {
        response.send(502, text(), List.of(ByteBuffer.wrap(REDIRECTED)));
      } else if (head.upgraded() != null && upgrade == null) {
        String why = "the server switched protocols, which nobody asked it to";
        throw new ProxyException(why, new IOException(why));
      } else if (head.upgraded() != null) {
        upgraded(head, head.upgraded(), response);
      } else {
        answer(request, head, backend, channel, response, rewriting);
        passing = true;
      }
    } finally {
      if (!passing) {
        channel.close();
      }
    }
  }

  private static Headers text() {
    return new Headers()
        .set("content-type", "text/plain; charset=utf-8")
        .set("cache-control", "no-cache, private");
  }

  private static boolean isRedirect(Backend.Head head) {
    return head.status() >= 300 && head.status() < 400 && head.headers().first("location") != null;
  }

  private static HttpRequest head(
      String method, Destination to, @Nullable String upgrade, boolean hasBody) {
    HttpRequest head =
        new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), to.target());
    HopByHop.without(to.headers())
        .asMap()
        .forEach((name, values) -> values.forEach(value -> head.headers().add(name, value)));
    head.headers().set(HttpHeaderNames.HOST, to.host());
    if (upgrade != null) {
      head.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
      head.headers().set(HttpHeaderNames.UPGRADE, upgrade);
    }
    if (!hasBody) {
      head.headers().remove(HttpHeaderNames.CONTENT_LENGTH);
      if (!BODILESS.contains(method) && !method.equals("DELETE")) {
        head.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
      }
    } else if (!head.headers().contains(HttpHeaderNames.CONTENT_LENGTH)) {
      head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    return head;
  }

  /// What has come of a body, at least a byte; empty at its end.
  private static byte[] read(InputStream body) {
    try {
      byte[] chunk = new byte[CHUNK_BYTES];
      int read = body.read(chunk);
      return read <= 0 ? new byte[0] : Arrays.copyOf(chunk, read);
    } catch (IOException e) {
      throw new ProxyException(NetworkWords.of(e), e);
    }
  }

  /// Sends the body as it comes; one that is answered before its end is not sent to its end.
  private static void send(byte[] first, InputStream body, Channel channel, Backend backend) {
    byte[] chunk = first;
    while (chunk.length > 0 && !backend.head().isDone()) {
      ChannelFuture written =
          channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(chunk)));
      if (!channel.isWritable()) {
        written.awaitUninterruptibly();
      }
      chunk = read(body);
    }
    if (chunk.length == 0) {
      channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
    }
  }

  private static <T> T await(CompletableFuture<T> future, Duration within) {
    try {
      return future.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new ProxyException(NetworkWords.of(e.getCause()), e);
    } catch (TimeoutException e) {
      throw new ProxyException("context deadline exceeded", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("context canceled", e);
    }
  }

  private static void answer(
      Request request,
      Backend.Head head,
      Backend backend,
      Channel channel,
      Response response,
      Rewriting rewriting) {
    Headers headers = HopByHop.without(head.headers());
    long length = length(headers);
    boolean bodiless =
        request.method().equals("HEAD") || head.status() == 204 || head.status() == 304;
    boolean changed = !bodiless && rewriting.applies(headers);
    if (changed || bodiless || (length >= 0 && length <= SHORT_BYTES_MAX)) {
      WholeBody body = new WholeBody(changed ? CHANGED_BYTES_MAX : (int) SHORT_BYTES_MAX);
      backend.passBodyTo(channel, body);
      byte[] bytes = await(body.whole(), HEAD_WITHIN);
      byte[] sent = changed ? rewriting.rewritten(bytes) : bytes;
      response.send(
          head.status(), headers, sent.length == 0 ? List.of() : List.of(ByteBuffer.wrap(sent)));
      return;
    }
    Headers streamed = new Headers();
    headers
        .asMap()
        .forEach(
            (name, values) -> {
              if (!name.equals("content-length")) {
                values.forEach(value -> streamed.add(name, value));
              }
            });
    BodyStream stream = response.stream(head.status(), streamed);
    backend.passBodyTo(channel, stream);
  }

  /// Of the body as announced, -1 when it is not.
  private static long length(Headers headers) {
    @Nullable String text = headers.first("content-length");
    return text != null && text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
  }

  private void upgraded(Backend.Head head, NettyDuplex backend, Response response) {
    @Nullable String protocol = head.headers().first("upgrade");
    try (ByteDuplex client =
        response.acceptUpgrade(
            protocol == null ? "" : protocol, HopByHop.without(head.headers()))) {
      CompletableFuture<Void> back =
          CompletableFuture.runAsync(() -> copy(backend, client), executor);
      copy(client, backend);
      back.join();
    }
  }

  /// Until one side ends, which ends the other too.
  private static void copy(ByteDuplex from, ByteDuplex to) {
    try (from;
        to) {
      from.in().transferTo(to.out());
    } catch (IOException ended) {
      // Whoever hung up knows; the other side is told by the end of its connection.
    }
  }

  private Channel connect(Destination to, Duration within) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops())
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) within.toMillis())
            .handler(new Pipeline(to));
    ChannelFuture connected = bootstrap.connect(to.address()).awaitUninterruptibly();
    if (!connected.isSuccess()) {
      Throwable cause = connected.cause();
      throw new ProxyException(NetworkWords.of(cause), cause);
    }
    return connected.channel();
  }

  private synchronized EventLoopGroup loops() {
    if (closed) {
      throw new IllegalStateException("the server is being stopped");
    }
    EventLoopGroup made = loops;
    if (made == null) {
      made =
          new MultiThreadIoEventLoopGroup(
              1, new DefaultThreadFactory("proxy", true), NioIoHandler.newFactory());
      loops = made;
    }
    return made;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (loops != null) {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private static final class Pipeline extends ChannelInitializer<SocketChannel> {
    private final Destination to;

    Pipeline(Destination to) {
      this.to = to;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      @Nullable SslContext tls = to.tls();
      if (tls != null) {
        channel
            .pipeline()
            .addLast(tls.newHandler(channel.alloc(), to.serverName(), to.address().getPort()));
      }
      channel.pipeline().addLast(new HttpClientCodec(), new Backend());
    }
  }
}
