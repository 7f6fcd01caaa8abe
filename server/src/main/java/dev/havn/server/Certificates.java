// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.http.HttpsDoor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The certificates of the https door and of the administrator, kept fresh while the server runs.
/// The authority says whether one is near its end, or the clock has left its time; a look every
/// minute finds that also after a machine slept. Connections that are open keep what they began
/// with.
final class Certificates implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Certificates.class);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);
  private static final List<String> NAMES =
      List.of(
          "kubernetes",
          "kubernetes.default",
          "kubernetes.default.svc",
          "kubernetes.default.svc.cluster.local",
          "localhost");

  private final Authority authority;
  private final Configuration configuration;
  private final DataDirectory directory;
  private final ScheduledExecutorService executor;
  private Authority.Identity server;
  private Authority.@Nullable Identity admin;
  private @Nullable HttpsDoor door;
  private String url = "";
  private boolean closed;

  Certificates(
      Authority authority,
      Configuration configuration,
      DataDirectory directory,
      ScheduledExecutorService executor)
      throws IOException {
    this.authority = authority;
    this.configuration = configuration;
    this.directory = directory;
    this.executor = executor;
    this.server = newestServer();
  }

  private Authority.Identity newestServer() throws IOException {
    return authority.server(NAMES, addresses(configuration));
  }

  private static List<String> addresses(Configuration configuration) {
    List<String> addresses = new ArrayList<>(List.of("127.0.0.1"));
    String bind = configuration.bind();
    boolean isAddress = bind.matches("[0-9.]+") || bind.contains(":");
    if (isAddress && !HostAddress.isEverywhere(configuration) && !addresses.contains(bind)) {
      addresses.add(bind);
    }
    HostAddress.all(configuration).stream()
        .filter(each -> !addresses.contains(each))
        .forEach(addresses::add);
    addresses.add(configuration.services().first().address(1));
    addresses.add(configuration.pods().first().address(1));
    return addresses;
  }

  /// What the door shows now.
  synchronized HttpsDoor.Identity identity() {
    return new HttpsDoor.Identity(
        server.keys().getPrivate(),
        List.of(server.certificate()),
        List.of(authority.certificate()));
  }

  /// Writes the kubeconfig and keeps the door's certificate and it fresh from now on.
  ///
  /// @param address of the API, as clients reach it
  synchronized void keep(HttpsDoor kept, String address) throws IOException {
    this.door = kept;
    this.url = address;
    writeKubeconfig();
    again();
  }

  private void again() {
    try {
      var unused = executor.schedule(this::look, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  private synchronized void look() {
    if (closed) {
      return;
    }
    try {
      renew();
    } catch (IOException | StartException e) {
      LOG.warn("certificates are not renewed, trying again in a minute: {}", e.getMessage());
    }
    again();
  }

  private void renew() throws IOException {
    if (!authority.isFresh(server) && door != null) {
      server = newestServer();
      door.show(identity());
      LOG.info("the server's certificate is renewed, until {}", end(server));
    }
    Authority.Identity known = admin;
    if (known != null && !authority.isFresh(known)) {
      writeKubeconfig();
      LOG.info("the administrator's certificate is renewed");
    }
  }

  private static String end(Authority.Identity identity) {
    return identity.certificate().getNotAfter().toInstant().toString();
  }

  private void writeKubeconfig() throws IOException {
    @Nullable Path file = configuration.kubeconfig();
    if (file == null) {
      return;
    }
    Authority.Identity fresh =
        authority.client("admin", "kubernetes-admin", List.of("system:masters"));
    new Kubeconfig(file)
        .merge(
            Havn.CONTEXT,
            new Kubeconfig.Access(
                url,
                Pem.of(authority.certificate()),
                Pem.of(fresh.certificate()),
                Pem.of(fresh.keys())));
    Files.writeString(directory.path().resolve("kubeconfig-path"), file + "\n");
    admin = fresh;
  }

  @Override
  public synchronized void close() {
    closed = true;
  }
}
