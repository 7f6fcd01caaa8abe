// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.reconcile.VirtualTime;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificatesTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(START);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private DataDirectory directory;
  private Path kubeconfig;
  private Certificates certificates;
  private HttpsDoor door;

  @BeforeEach
  void open() throws IOException {
    directory = DataDirectory.open(folder.resolve("data"), RANDOM);
    kubeconfig = folder.resolve("kubeconfig");
    Configuration plain = Configuration.of(directory.path());
    Configuration configuration =
        new Configuration(
            directory.path(),
            plain.bind(),
            0,
            kubeconfig,
            1,
            plain.runtime(),
            plain.store(),
            "10.96.0.0/16",
            "10.244.0.0/16");
    Authority authority = Authority.open(folder.resolve("certificates"), time, RANDOM);
    certificates = new Certificates(authority, configuration, directory, time);
    door =
        HttpsDoor.open(
            "127.0.0.1",
            0,
            certificates.identity(),
            (_, response) ->
                response.send(200, new Headers(), List.of(ByteBuffer.wrap(new byte[] {'o', 'k'}))),
            new HttpsDoor.Surroundings(threads, RANDOM, DoorLimits.standard()));
    certificates.keep(door, "https://127.0.0.1:" + door.port());
  }

  @AfterEach
  void close() {
    certificates.close();
    door.close();
    threads.shutdownNow();
    directory.close();
  }

  @Test
  void areRenewedBeforeTheyEndWithoutDroppingConnections() throws Exception {
    try (SSLSocket before = connect()) {
      assertThat(ask(before)).startsWith("HTTP/1.1 200");
      X509Certificate first = shown(before);
      String firstKubeconfig = Files.readString(kubeconfig);
      time.advance(Duration.ofDays(300));
      try (SSLSocket early = connect()) {
        assertThat(shown(early)).isEqualTo(first);
      }
      time.advance(Duration.ofDays(40));
      try (SSLSocket after = connect()) {
        assertThat(shown(after)).isNotEqualTo(first);
        assertThat(shown(after).getNotAfter().toInstant())
            .isAfter(time.instant().plus(Duration.ofDays(300)));
        assertThat(ask(after)).startsWith("HTTP/1.1 200");
      }
      assertThat(ask(before)).startsWith("HTTP/1.1 200");
      assertThat(Files.readString(kubeconfig)).isNotEqualTo(firstKubeconfig);
    }
  }

  /// A machine that slept for two years, longer than any certificate lives.
  @Test
  void areRenewedAfterAJumpOfTheClock() throws Exception {
    time.jump(Duration.ofDays(730));
    time.advance(Duration.ofMinutes(1));
    try (SSLSocket socket = connect()) {
      shown(socket).checkValidity(java.util.Date.from(time.instant()));
    }
  }

  @Test
  void areRenewedWhenTheClockWentBack() throws Exception {
    time.jump(Duration.ofDays(-90));
    time.advance(Duration.ofMinutes(1));
    try (SSLSocket socket = connect()) {
      shown(socket).checkValidity(java.util.Date.from(time.instant()));
    }
  }

  private static X509Certificate shown(SSLSocket socket) throws IOException {
    return (X509Certificate) socket.getSession().getPeerCertificates()[0];
  }

  private static String ask(SSLSocket socket) throws IOException {
    socket
        .getOutputStream()
        .write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    InputStream in = socket.getInputStream();
    StringBuilder answer = new StringBuilder();
    while (answer.indexOf("ok") < 0) {
      int each = in.read();
      if (each < 0) {
        break;
      }
      answer.append((char) each);
    }
    return answer.toString();
  }

  /// Certificates are looked at by the test itself, with a clock of its own.
  private SSLSocket connect() throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), RANDOM);
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", door.port());
    socket.startHandshake();
    return socket;
  }
}
