// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// HTTP/1.1, over TLS or in the clear, to servers of others. A connection that has been answered on
/// is kept for a while: the handshake costs more than the call. Kubernetes speaks 1.1 here as well,
/// so that the pods of a Service share the calls.
public final class Connections implements AutoCloseable {
  private static final int ANSWER_BYTES_MAX = 16 << 20;
  private static final int IDLE_PER_ROUTE_MAX = 8;
  private static final int IDLE_SECONDS_MAX = 30;
  private static final int CONNECT_MILLIS_MAX = 30_000;

  private final Map<Route, Deque<Exchange>> idle = new HashMap<>();
  private @Nullable EventLoopGroup loops;
  private boolean closed;

  /// To whom a connection is: connections of the same route may be used for each other.
  ///
  /// @param serverName asked for, and looked for in the certificate
  /// @param tls null to speak in the clear
  public record Route(InetSocketAddress address, String serverName, @Nullable SslContext tls) {
    private static final int HTTPS_PORT = 443;
    private static final int HTTP_PORT = 80;

    /// To the host of a URL, as the machine looks it up.
    ///
    /// @param tls is used for `https`
    /// @throws IOException in Kubernetes' words when there is no such host
    public static Route of(URI url, SslContext tls) throws IOException {
      @Nullable String host = url.getHost();
      if (host == null) {
        throw new IOException("no Host in request URL");
      }
      boolean secure = !"http".equals(url.getScheme());
      String name = host.replaceAll("[\\[\\]]", "");
      int port = url.getPort() >= 0 ? url.getPort() : secure ? HTTPS_PORT : HTTP_PORT;
      return new Route(new InetSocketAddress(lookup(name), port), name, secure ? tls : null);
    }
  }

  /// @param contentType as sent, or empty
  public record Answer(int status, String contentType, byte[] body) {}

  /// Where a host is, as the machine looks it up.
  ///
  /// @throws IOException in Kubernetes' words when there is no such host
  public static InetAddress lookup(String host) throws IOException {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new IOException("dial tcp: lookup " + host + ": no such host", e);
    }
  }

  /// Gets what stands at a URL. Redirects are not followed.
  ///
  /// @throws IOException in Kubernetes' words, when there is no answer in time
  public Answer get(URI url, SslContext tls, Duration timeout) throws IOException {
    String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
    String target = url.getRawQuery() == null ? path : path + "?" + url.getRawQuery();
    FullHttpRequest request =
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, target);
    request
        .headers()
        .set(HttpHeaderNames.HOST, url.getRawAuthority())
        .set(HttpHeaderNames.USER_AGENT, "kube-apiserver")
        .set(HttpHeaderNames.ACCEPT, "application/json");
    try {
      return ask(Route.of(url, tls), request, timeout);
    } catch (IOException e) {
      throw new IOException("Get \"" + url + "\": " + e.getMessage(), e);
    }
  }

  /// Sends a request and waits for the answer.
  ///
  /// @throws IOException in Kubernetes' words, when there is none in time
  public Answer ask(Route route, FullHttpRequest request, Duration timeout) throws IOException {
    CompletableFuture<Answer> sent = send(route, request, timeout);
    try {
      return sent.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException("context deadline exceeded", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("context canceled", e);
    } catch (ExecutionException e) {
      throw new IOException(NetworkWords.of(e.getCause()), e);
    } finally {
      sent.cancel(true);
    }
  }

  /// Sends a request; the answer comes whole, or an exception that says what the connection met.
  /// Cancelling the future closes the connection.
  private CompletableFuture<Answer> send(Route route, FullHttpRequest request, Duration timeout) {
    @Nullable Exchange kept = takeIdle(route);
    if (kept == null) {
      return fresh(route, request, timeout);
    }
    CompletableFuture<Answer> first = kept.begin(request.retainedDuplicate());
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    answer.whenComplete((_, _) -> first.cancel(false));
    first.whenComplete(
        (done, failure) -> {
          if (isLost(failure) && !answer.isDone()) {
            // The server had hung up before it could know of the request.
            CompletableFuture<Answer> again = fresh(route, request, timeout);
            answer.whenComplete((_, _) -> again.cancel(false));
            again.whenComplete((second, e) -> pass(second, e, answer));
          } else {
            request.release();
            pass(done, failure, answer);
          }
        });
    return answer;
  }

  private static boolean isLost(@Nullable Throwable failure) {
    return failure instanceof IOException && !(failure instanceof SSLException);
  }

  private static void pass(
      @Nullable Answer done, @Nullable Throwable failure, CompletableFuture<Answer> to) {
    if (failure != null) {
      to.completeExceptionally(failure);
    } else if (done != null) {
      to.complete(done);
    }
  }

  private CompletableFuture<Answer> fresh(Route route, FullHttpRequest request, Duration timeout) {
    int connectMillis = Math.clamp(timeout.toMillis(), 1, CONNECT_MILLIS_MAX);
    Exchange exchange = new Exchange(route);
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops())
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
            .handler(new Pipeline(route, exchange));
    bootstrap
        .connect(route.address())
        .addListener(
            (ChannelFutureListener)
                connected -> {
                  if (!connected.isSuccess()) {
                    request.release();
                    answer.completeExceptionally(connected.cause());
                    return;
                  }
                  CompletableFuture<Answer> begun = exchange.begin(request);
                  answer.whenComplete((_, _) -> begun.cancel(false));
                  begun.whenComplete((done, failure) -> pass(done, failure, answer));
                });
    return answer;
  }

  private synchronized EventLoopGroup loops() {
    if (closed) {
      throw new UnreachableException("the server is being stopped");
    }
    EventLoopGroup made = loops;
    if (made == null) {
      made =
          new MultiThreadIoEventLoopGroup(
              1, new DefaultThreadFactory("outgoing", true), NioIoHandler.newFactory());
      loops = made;
    }
    return made;
  }

  private synchronized @Nullable Exchange takeIdle(Route route) {
    Deque<Exchange> kept = idle.getOrDefault(route, new ArrayDeque<>());
    @Nullable Exchange last = kept.pollLast();
    if (kept.isEmpty()) {
      idle.remove(route);
    }
    return last;
  }

  private synchronized boolean keep(Exchange exchange) {
    Deque<Exchange> kept = idle.computeIfAbsent(exchange.route, _ -> new ArrayDeque<>());
    return !closed && kept.size() < IDLE_PER_ROUTE_MAX && kept.add(exchange);
  }

  private synchronized void forget(Exchange exchange) {
    @Nullable Deque<Exchange> kept = idle.get(exchange.route);
    if (kept != null && kept.remove(exchange) && kept.isEmpty()) {
      idle.remove(exchange.route);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    idle.clear();
    if (loops != null) {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private static final class Pipeline extends ChannelInitializer<SocketChannel> {
    private final Route route;
    private final Exchange exchange;

    Pipeline(Route route, Exchange exchange) {
      this.route = route;
      this.exchange = exchange;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      @Nullable SslContext tls = route.tls();
      if (tls != null) {
        int port = route.address().getPort();
        channel.pipeline().addLast(tls.newHandler(channel.alloc(), route.serverName(), port));
      }
      channel
          .pipeline()
          .addLast(
              new HttpClientCodec(),
              new HttpObjectAggregator(ANSWER_BYTES_MAX),
              new IdleStateHandler(0, 0, IDLE_SECONDS_MAX),
              exchange);
    }
  }

  /// One connection and the request that waits for its answer, if any. Runs on the event loop.
  private final class Exchange extends ChannelInboundHandlerAdapter {
    private final Route route;
    private volatile @Nullable Channel channel;
    private volatile @Nullable CompletableFuture<Answer> waiting;

    Exchange(Route route) {
      this.route = route;
    }

    CompletableFuture<Answer> begin(FullHttpRequest request) {
      CompletableFuture<Answer> answer = new CompletableFuture<>();
      waiting = answer;
      @Nullable Channel open = channel;
      if (open == null || !open.isActive()) {
        request.release();
        answer.completeExceptionally(new EOFException("EOF"));
        return answer;
      }
      answer.whenComplete(
          (_, _) -> {
            if (answer.isCancelled()) {
              open.close();
            }
          });
      open.writeAndFlush(request)
          .addListener(
              written -> {
                if (!written.isSuccess()) {
                  fail(written.cause());
                }
              });
      return answer;
    }

    private void fail(Throwable cause) {
      @Nullable CompletableFuture<Answer> asked = waiting;
      if (asked != null) {
        asked.completeExceptionally(cause);
      }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      channel = context.channel();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      @Nullable CompletableFuture<Answer> asked = waiting;
      waiting = null;
      try {
        if (asked == null || !(message instanceof FullHttpResponse response)) {
          context.close();
          return;
        }
        byte[] body = new byte[response.content().readableBytes()];
        response.content().readBytes(body);
        String type = response.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
        if (!HttpUtil.isKeepAlive(response) || !keep(this)) {
          context.close();
        }
        asked.complete(new Answer(response.status().code(), type, body));
      } finally {
        ReferenceCountUtil.release(message);
      }
    }

    /// A server that says the end of TLS may wait for ours before it closes: an answer whose length
    /// is its end is whole then.
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      boolean idle = event instanceof IdleStateEvent && waiting == null;
      if (idle || event instanceof SslCloseCompletionEvent) {
        context.close();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      forget(this);
      fail(new EOFException("EOF"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      fail(cause);
      context.close();
    }
  }
}
