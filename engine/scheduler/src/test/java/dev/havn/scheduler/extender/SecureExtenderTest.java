// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// An extender behind TLS that wants to know who asks: its own certificate is its only authority.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SecureExtenderTest {
  private static final char[] PASSWORD = "password".toCharArray();
  private static final JsonNode QUESTION = JsonNodeFactory.instance.objectNode();

  @TempDir private static Path folder;
  private final RealTime executor = new RealTime();
  private HttpsServer server;
  private KeyStore keys;

  @BeforeAll
  void listen() throws IOException, GeneralSecurityException, InterruptedException {
    Path file = folder.resolve("keys.p12");
    assertThat(
            new ProcessBuilder(
                    List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                        "-genkeypair",
                        "-alias",
                        "one",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=extender",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "password",
                        "-keystore",
                        file.toString()))
                .start()
                .waitFor())
        .isZero();
    keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD);
    }
    SSLContext context = context();
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            var tls = context.getDefaultSSLParameters();
            tls.setNeedClientAuth(true);
            parameters.setSSLParameters(tls);
          }
        });
    server.createContext("/", SecureExtenderTest::answer);
    server.start();
  }

  private SSLContext context() throws GeneralSecurityException {
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    try {
      trusted.load(null, PASSWORD);
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
    trusted.setCertificateEntry("one", keys.getCertificate("one"));
    TrustManagerFactory others =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    others.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), others.getTrustManagers(), null);
    return context;
  }

  @AfterAll
  void end() {
    server.stop(0);
    executor.shutdownNow();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static String pem(String what, byte[] content) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(what, Base64.getMimeEncoder().encodeToString(content), what);
  }

  private static ExtenderSettings.Pem data(String pem) {
    return new ExtenderSettings.Pem(
        Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.UTF_8)), null);
  }

  private JsonNode ask(boolean insecure, ExtenderSettings.Identity identity) {
    ExtenderSettings settings =
        new ExtenderSettings(
            "https://127.0.0.1:" + server.getAddress().getPort(),
            new ExtenderSettings.Verbs("filter", "", "", ""),
            1,
            insecure,
            identity,
            Duration.ofMinutes(1),
            true,
            Set.of(),
            false);
    try (Line line = new Line(settings, executor)) {
      return line.ask("filter", QUESTION);
    }
  }

  @Test
  void bothSidesShowWhoTheyAre() throws GeneralSecurityException, IOException {
    String certificate = pem("CERTIFICATE", keys.getCertificate("one").getEncoded());
    Key key = keys.getKey("one", PASSWORD);
    Path keyFile =
        Files.writeString(folder.resolve("key.pem"), pem("PRIVATE KEY", key.getEncoded()));
    ExtenderSettings.Pem ofKey = new ExtenderSettings.Pem(null, keyFile.toString());
    assertThat(
            ask(false, new ExtenderSettings.Identity(data(certificate), data(certificate), ofKey)))
        .isEmpty();
    assertThat(
            ask(
                true,
                new ExtenderSettings.Identity(ExtenderSettings.Pem.NONE, data(certificate), ofKey)))
        .isEmpty();
    assertThatThrownBy(
            () ->
                ask(
                    false,
                    new ExtenderSettings.Identity(
                        ExtenderSettings.Pem.NONE, data(certificate), ofKey)))
        .as("nobody vouches for its certificate")
        .isInstanceOf(ExtenderException.class);
    assertThatThrownBy(
            () ->
                ask(
                    false,
                    new ExtenderSettings.Identity(
                        data(certificate), ExtenderSettings.Pem.NONE, ExtenderSettings.Pem.NONE)))
        .as("it wants to know who asks")
        .isInstanceOf(ExtenderException.class);
  }
}
