// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.RoutingTable.Identity;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads the name that a client asks for and goes on under the certificate for it. Without one the
/// connection ends.
final class TlsGreeting extends AbstractSniHandler<SslContext> {
  private static final Logger LOG = LoggerFactory.getLogger(TlsGreeting.class);
  private static final int GREETING_BYTES_MAX = 32 << 10;
  private static final int PASSWORD_BYTES = 16;

  private final Connection connection;
  private final Traffic traffic;

  TlsGreeting(Connection connection, Traffic traffic) {
    super(GREETING_BYTES_MAX, traffic.limits().handshake().toMillis());
    this.connection = connection;
    this.traffic = traffic;
  }

  static SslContext context(Identity identity) {
    try {
      // Lives in memory only; its password protects nothing but is asked for.
      byte[] random = new byte[PASSWORD_BYTES];
      new SecureRandom().nextBytes(random);
      char[] password = HexFormat.of().formatHex(random).toCharArray();
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(null, password);
      keys.setKeyEntry(
          "door",
          identity.key(),
          password,
          identity.chain().toArray(java.security.cert.Certificate[]::new));
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(keys, password);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
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
          ClientAuth.NONE,
          new String[] {"TLSv1.3", "TLSv1.2"},
          false);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("the key does not fit its certificate: " + e, e);
    }
  }

  @Override
  protected Future<SslContext> lookup(ChannelHandlerContext context, @Nullable String hostname) {
    String name = hostname == null ? "" : hostname.toLowerCase(Locale.ROOT);
    @Nullable SslContext found = traffic.context(connection.door(), name);
    return found == null
        ? context
            .executor()
            .newFailedFuture(new SSLException("no certificate for \"" + name + "\""))
        : context.executor().newSucceededFuture(found);
  }

  @Override
  protected void onLookupComplete(
      ChannelHandlerContext context, @Nullable String hostname, Future<SslContext> found) {
    if (!found.isSuccess()) {
      LOG.debug("{}: {}", connection, String.valueOf(found.cause()));
      context.close();
      return;
    }
    SslHandler tls = found.getNow().newHandler(context.alloc());
    tls.setHandshakeTimeoutMillis(traffic.limits().handshake().toMillis());
    String name = hostname == null ? "" : hostname.toLowerCase(Locale.ROOT);
    context.pipeline().addAfter(context.name(), "protocols", new Chosen(connection.over(name)));
    context.pipeline().replace(this, "tls", tls);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.debug("{}: {}", connection, cause.toString());
    if (cause instanceof DecoderException || cause instanceof IOException) {
      context.close();
      return;
    }
    context.fireExceptionCaught(cause);
  }

  private final class Chosen extends ApplicationProtocolNegotiationHandler {
    private final Connection secured;

    Chosen(Connection secured) {
      super(ApplicationProtocolNames.HTTP_1_1);
      this.secured = secured;
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext context, String protocol) {
      if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
        Pipelines.http2(context.pipeline(), secured, traffic);
      } else {
        Pipelines.http1(context.pipeline(), secured, traffic);
      }
    }

    @Override
    protected void handshakeFailure(ChannelHandlerContext context, Throwable cause) {
      LOG.debug("TLS with {} failed: {}", secured.client(), cause.toString());
      context.close();
    }
  }
}
