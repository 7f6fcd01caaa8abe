// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// A webhook of a test: answers each path as told and remembers what it was asked.
public final class WebhookServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// What is answered.
  public record Reply(int status, String contentType, String body) {
    public static Reply json(String body) {
      return new Reply(200, "application/json", body);
    }
  }

  /// What was asked.
  ///
  /// @param from the client's port: the same for calls on one connection
  public record Asked(String path, String query, String host, int from, JsonNode body) {}

  private final HttpsServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final String authority;
  private final Map<String, Function<Asked, Reply>> replies = new ConcurrentHashMap<>();
  private final List<Asked> asked = new CopyOnWriteArrayList<>();

  /// @param folder where the keys are kept
  /// @param names that the certificate is for
  public WebhookServer(Path folder, List<String> names, List<String> addresses)
      throws IOException, GeneralSecurityException {
    Authority signer = Authority.open(folder, InstantSource.system(), new SecureRandom());
    Authority.Identity identity = signer.server(names, addresses);
    authority = Pem.of(signer.certificate());
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    Certificate[] chain = {identity.certificate()};
    store.setKeyEntry("server", identity.keys().getPrivate(), new char[0], chain);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    Asked question =
        new Asked(
            exchange.getRequestURI().getPath(),
            String.valueOf(exchange.getRequestURI().getQuery()),
            exchange.getRequestHeaders().getFirst("Host"),
            exchange.getRemoteAddress().getPort(),
            JSON.readTree(body));
    asked.add(question);
    Reply reply =
        replies
            .getOrDefault(question.path(), _ -> new Reply(404, "text/plain", "none here"))
            .apply(question);
    exchange.getResponseHeaders().set("Content-Type", reply.contentType());
    byte[] text = reply.body().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(reply.status(), text.length == 0 ? -1 : text.length);
    exchange.getResponseBody().write(text);
    exchange.close();
  }

  public void on(String path, Function<Asked, Reply> reply) {
    replies.put(path, reply);
  }

  public void on(String path, Reply reply) {
    on(path, _ -> reply);
  }

  public List<Asked> asked() {
    return asked;
  }

  public int port() {
    return server.getAddress().getPort();
  }

  public String url(String path) {
    return "https://127.0.0.1:" + port() + path;
  }

  /// The authority's certificate as PEM.
  public String authority() {
    return authority;
  }

  /// The same as `caBundle` has it.
  public String caBundle() {
    return Base64.getEncoder().encodeToString(authority.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
