// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.transport.Connections.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int REQUEST_BYTES_MAX = 4_096;

  @TempDir private Path folder;
  private SSLContext tls;
  private final Connections connections = new Connections();

  @AfterEach
  void close() {
    connections.close();
  }

  /// Such a server is that of `openssl s_server`: an answer without a length, the end of TLS, and
  /// then it waits for the peer's.
  @Test
  void anAnswerThatEndsWithTlsIsWhole() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Integer> after = CompletableFuture.supplyAsync(() -> answer(server));
      URI url = URI.create("https://127.0.0.1:" + server.getLocalPort() + "/keys");
      Answer answer =
          connections.get(url, new Trusts(InstantSource.system()).ofAnybody(), PATIENCE);
      assertThat(new String(answer.body(), StandardCharsets.US_ASCII)).isEqualTo("whole");
      assertThat(after.get()).as("what the server reads then").isEqualTo(-1);
    }
  }

  /// @return what comes on the connection below TLS after the end of TLS
  private int answer(ServerSocket server) {
    try (Socket below = server.accept();
        SSLSocket peer = (SSLSocket) tls.getSocketFactory().createSocket(below, null, false)) {
      int read = peer.getInputStream().read(new byte[REQUEST_BYTES_MAX]);
      assertThat(read).isPositive();
      String text = "HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\nwhole";
      peer.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
      peer.shutdownOutput();
      assertThat(peer.getInputStream().read()).isEqualTo(-1);
      return below.getInputStream().read();
    } catch (IOException e) {
      throw new AssertionError("the server's side", e);
    }
  }

  @BeforeEach
  void identity() throws Exception {
    SecureRandom random = new SecureRandom();
    Authority.Identity identity =
        Authority.open(folder, InstantSource.system(), random)
            .server(List.of("localhost"), List.of("127.0.0.1"));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "server",
        identity.keys().getPrivate(),
        new char[0],
        new Certificate[] {identity.certificate()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, new char[0]);
    tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), null, random);
  }
}
