// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The https door: HTTP/1.1 and HTTP/2 on one port, client certificates taken but not demanded.
/// Netty's event loops move bytes; each request is handled on a thread of the executor, which
/// should be virtual.
public final class HttpsDoor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpsDoor.class);
  private static final int EVENT_LOOPS = 2;
  private static final int CLOSES_WITHIN_MILLIS = 1_000;
  private static final int BACKLOG_CONNECTIONS = 4_096;
  private static final int LINE_BYTES_MAX = 64 << 10;
  private static final int HEADER_BYTES_MAX = 128 << 10;
  private static final int CHUNK_BYTES_MAX = 64 << 10;
  private static final int STREAMS_PER_CONNECTION_MAX = 256;

  /// That are kept for clients which take no tickets.
  private static final int SESSIONS_MAX = 1_024;

  private static final int STREAM_WINDOW_BYTES = 1 << 20;

  /// Whoever gives up watches resets their streams; what a reset could cost is bounded by what is
  /// handled for a connection at a time.
  private static final int RESETS_MAX = 10_000;

  private static final int RESETS_WITHIN_SECONDS = 30;

  /// The streams of a connection share its records and system calls.
  private static final int FLUSHES_CONSOLIDATED_MAX = 256;

  private static final int WRITE_LOW_BYTES = 256 << 10;
  private static final int WRITE_HIGH_BYTES = 1 << 20;

  private final EventLoopGroup loops;
  private final ServerBootstrap bootstrap;
  private final Channel listener;
  private final List<Channel> others = new CopyOnWriteArrayList<>();
  private final Connections connections;

  private HttpsDoor(
      EventLoopGroup loops, ServerBootstrap bootstrap, Channel listener, Connections connections) {
    this.loops = loops;
    this.bootstrap = bootstrap;
    this.listener = listener;
    this.connections = connections;
  }

  /// Who the server is.
  ///
  /// @param chain leaf first
  /// @param clientAuthorities named to clients as those whose certificates are known here
  public record Identity(
      PrivateKey key, List<X509Certificate> chain, List<X509Certificate> clientAuthorities) {}

  /// What a door works with.
  ///
  /// @param random drawn from once, when the door is opened
  /// @param channels to listen with
  public record Surroundings(
      Executor executor, RandomGenerator random, DoorLimits limits, Channels channels) {
    /// In the network of this process.
    public Surroundings(Executor executor, RandomGenerator random, DoorLimits limits) {
      this(executor, random, limits, ServerSocketChannel::open);
    }
  }

  /// Makes channels that are bound to nothing yet.
  @FunctionalInterface
  public interface Channels {
    ServerSocketChannel open() throws IOException;
  }

  /// Listens.
  ///
  /// @param port 0 takes a free one
  /// @throws IOException when the address cannot be had; the message says which
  public static HttpsDoor open(
      String address, int port, Identity identity, Handler handler, Surroundings surroundings)
      throws IOException {
    Connections connections = new Connections(tls(identity), handler, surroundings);
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(EVENT_LOOPS, NioIoHandler.newFactory());
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(() -> listener(surroundings.channels()))
            .option(ChannelOption.SO_BACKLOG, BACKLOG_CONNECTIONS)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(WRITE_LOW_BYTES, WRITE_HIGH_BYTES))
            .childHandler(connections);
    try {
      return new HttpsDoor(loops, bootstrap, bind(bootstrap, address, port), connections);
    } catch (IOException | RuntimeException | Error e) {
      loops.shutdownGracefully();
      throw e;
    }
  }

  private static ServerChannel listener(Channels channels) {
    try {
      return new NioServerSocketChannel(channels.open());
    } catch (IOException e) {
      throw new UncheckedIOException("nothing to listen with", e);
    }
  }

  private static Channel bind(ServerBootstrap bootstrap, String address, int port)
      throws IOException {
    ChannelFuture bound = bootstrap.bind(new InetSocketAddress(address, port));
    try {
      bound.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while binding " + address + ":" + port, e);
    }
    @Nullable Throwable cause = bound.cause();
    if (cause != null) {
      String why = cause instanceof BindException ? "is in use or not ours" : cause.getMessage();
      throw new IOException("address " + address + ":" + port + " " + why, cause);
    }
    return bound.channel();
  }

  /// Listens at one more address, under the same limits.
  ///
  /// @throws IOException when the address cannot be had; the door stays open at the others
  public void listenAlso(String address, int port) throws IOException {
    others.add(bind(bootstrap, address, port));
  }

  /// Not by Netty's builder of contexts: that one looks for other providers of cryptography, which
  /// takes a tenth of a start.
  private static SslContext tls(Identity identity) throws SSLException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          new KeyManager[] {new ShownCertificate(identity.key(), identity.chain())},
          new TrustManager[] {new PresentedCertificates(identity.clientAuthorities())},
          null);
      context.getServerSessionContext().setSessionCacheSize(SESSIONS_MAX);
      return new JdkSslContext(
          context,
          false,
          null,
          IdentityCipherSuiteFilter.INSTANCE,
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              ApplicationProtocolNames.HTTP_2,
              ApplicationProtocolNames.HTTP_1_1),
          ClientAuth.OPTIONAL,
          new String[] {"TLSv1.3", "TLSv1.2"},
          false);
    } catch (GeneralSecurityException e) {
      throw new SSLException("the identity of the server", e);
    }
  }

  /// A client begins with what its processor does best; all that is offered here is strong.
  private static void preferClientsCiphers(SSLEngine engine) {
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setUseCipherSuitesOrder(false);
    engine.setSSLParameters(parameters);
  }

  /// Shows another identity to whoever connects from now on; open connections stay as they are.
  public void show(Identity identity) throws IOException {
    connections.tls = tls(identity);
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /// Takes no new connections; those that are open go on to their next answer.
  public void stopListening() {
    connections.closing = true;
    listener.close().syncUninterruptibly();
    others.forEach(each -> each.close().syncUninterruptibly());
  }

  @Override
  public void close() {
    if (loops.isShuttingDown()) {
      return;
    }
    stopListening();
    // Answers are on their way to the event loops; a loop that is shut down drops them.
    connections.open.close().awaitUninterruptibly(CLOSES_WITHIN_MILLIS);
    loops.shutdownGracefully(0, 2, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static final class Connections extends ChannelInitializer<SocketChannel> {
    private volatile SslContext tls;
    private final HttpExchanges.Shared shared;
    private final ConnectionCount count;
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private volatile boolean closing;

    Connections(SslContext tls, Handler handler, Surroundings surroundings) {
      DoorLimits limits = surroundings.limits();
      this.tls = tls;
      this.count = new ConnectionCount(limits);
      this.shared =
          new HttpExchanges.Shared(
              handler,
              surroundings.executor(),
              new AuditIds(surroundings.random().nextLong()),
              new BodyBudget(limits.bodyBytes()),
              limits,
              () -> closing);
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      if (!count.admit(channel)) {
        channel.close();
        return;
      }
      open.add(channel);
      SslHandler ssl = tls.newHandler(channel.alloc());
      preferClientsCiphers(ssl.engine());
      ssl.setHandshakeTimeoutMillis(shared.limits().handshake().toMillis());
      channel.pipeline().addLast(new PlainHttp(), ssl, new Protocols(ssl, shared));
    }
  }

  /// Builds the pipeline for what was negotiated.
  private static final class Protocols extends ApplicationProtocolNegotiationHandler {
    private final SslHandler ssl;
    private final HttpExchanges.Shared shared;

    Protocols(SslHandler ssl, HttpExchanges.Shared shared) {
      super(ApplicationProtocolNames.HTTP_1_1);
      this.ssl = ssl;
      this.shared = shared;
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext context, String protocol) {
      Credential credential = PresentedCertificates.of(ssl.engine().getSession());
      ConnectionUse use = new ConnectionUse(context.channel(), shared.limits().idle());
      if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
        context
            .pipeline()
            .addLast(
                new FlushConsolidationHandler(FLUSHES_CONSOLIDATED_MAX, true),
                frames(),
                new Http2MultiplexHandler(
                    new ChannelInitializer<Channel>() {
                      @Override
                      protected void initChannel(Channel stream) {
                        stream
                            .pipeline()
                            .addLast(
                                new Http2StreamFrameToHttpObjectCodec(true),
                                new HttpExchanges(shared, use, credential, true));
                      }
                    }));
      } else {
        context
            .pipeline()
            .addLast("http", new HttpServerCodec(decoding()))
            .addLast("exchanges", new HttpExchanges(shared, use, credential, false));
      }
    }

    /// Where a length and pieces are told, the pieces count and the length is forgotten, as with
    /// Go's server (RFC 9112, section 6.3); codings are looked at in [Refusal].
    private static HttpDecoderConfig decoding() {
      return new HttpDecoderConfig()
          .setMaxInitialLineLength(LINE_BYTES_MAX)
          .setMaxHeaderSize(HEADER_BYTES_MAX)
          .setMaxChunkSize(CHUNK_BYTES_MAX)
          .setAllowDuplicateContentLengths(true)
          .setUseRfc9112TransferEncoding(false);
    }

    /// Strangers may fail as often as they like: a line each, at a level that is not shown.
    @Override
    protected void handshakeFailure(ChannelHandlerContext context, Throwable cause) {
      LOG.debug("TLS with {} failed: {}", context.channel().remoteAddress(), cause.toString());
      context.close();
    }

    private static Http2FrameCodec frames() {
      return Http2FrameCodecBuilder.forServer()
          .initialSettings(
              Http2Settings.defaultSettings()
                  .maxConcurrentStreams(STREAMS_PER_CONNECTION_MAX)
                  .initialWindowSize(STREAM_WINDOW_BYTES)
                  .maxHeaderListSize(HEADER_BYTES_MAX))
          .decoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESETS_WITHIN_SECONDS)
          .build();
    }
  }
}
