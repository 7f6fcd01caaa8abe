// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// Connections to registries: one client of the JDK for each set of authorities, made when it is
/// first needed. Blocks; for many threads.
final class Http implements AutoCloseable {
  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(30);

  /// What a download brings between two looks at it, unless it is held up.
  static final long LEAST_BYTES = 60 << 10;

  private final ScheduledExecutorService executor;
  private final Proxies proxies;
  private final Map<Optional<Path>, HttpClient> clients = new ConcurrentHashMap<>();

  Http(ScheduledExecutorService executor, Proxies proxies) {
    this.executor = executor;
    this.proxies = proxies;
  }

  /// @param authority beside those that this Java trusts
  HttpResponse<InputStream> send(Optional<Path> authority, HttpRequest request) throws IOException {
    HttpClient client = client(authority);
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (IOException e) {
      throw new RegistryException(
          "failed to do request: %s %s: %s"
              .formatted(request.method(), Bodies.shown(request.uri()), why(e)),
          e);
    }
  }

  /// The library leaves it to the class of a failure to say what it is.
  private static String why(IOException failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof UnresolvedAddressException) {
        return "no such host";
      }
    }
    if (failure.getMessage() != null) {
      return failure.getMessage();
    }
    return failure instanceof ConnectException
        ? "connect: connection refused"
        : failure.getClass().getSimpleName();
  }

  private HttpClient client(Optional<Path> authority) throws IOException {
    @Nullable HttpClient known = clients.get(authority);
    if (known != null) {
      return known;
    }
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT_WITHIN)
            .executor(executor)
            .proxy(proxies);
    if (authority.isPresent()) {
      builder.sslContext(trusting(authority.get()));
    }
    HttpClient made = builder.build();
    @Nullable HttpClient other = clients.putIfAbsent(authority, made);
    if (other != null) {
      made.shutdownNow();
    }
    return other == null ? made : other;
  }

  private static SSLContext trusting(Path authority) throws IOException {
    try (InputStream pem = Files.newInputStream(authority)) {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      int count = 0;
      for (Certificate each : standard().getAcceptedIssuers()) {
        trusted.setCertificateEntry("standard" + count++, each);
      }
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        trusted.setCertificateEntry("own" + count++, each);
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new RegistryException(
          "certificates in " + authority + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static X509TrustManager standard() throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (var each : factory.getTrustManagers()) {
      if (each instanceof X509TrustManager manager) {
        return manager;
      }
    }
    throw new GeneralSecurityException("this Java trusts nobody");
  }

  /// Waits on the clock of the executor.
  void pause(Duration time) {
    CompletableFuture<Void> over = new CompletableFuture<>();
    var unused =
        executor.schedule(() -> over.complete(null), time.toMillis(), TimeUnit.MILLISECONDS);
    over.join();
  }

  /// Closes a body after a time, so that whoever reads it goes on.
  ///
  /// @return what ends the watch
  Runnable closeAfter(InputStream body, Duration time) {
    var close = executor.schedule(() -> Bodies.close(body), time.toMillis(), TimeUnit.MILLISECONDS);
    return () -> close.cancel(false);
  }

  /// Closes a body from which next to nothing has come for a while, so that whoever reads it goes
  /// on.
  ///
  /// @return what ends the watch
  Runnable watch(Progress progress, InputStream body, Duration stall) {
    long[] before = {progress.bytes()};
    var look =
        executor.scheduleWithFixedDelay(
            () -> {
              long now = progress.bytes();
              if (now - before[0] < LEAST_BYTES) {
                Bodies.close(body);
              }
              before[0] = now;
            },
            stall.toMillis(),
            stall.toMillis(),
            TimeUnit.MILLISECONDS);
    return () -> look.cancel(false);
  }

  /// How far a download is.
  @FunctionalInterface
  interface Progress {
    long bytes();
  }

  @Override
  public void close() {
    clients.values().forEach(HttpClient::shutdownNow);
  }
}
