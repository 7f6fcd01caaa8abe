// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import javax.net.ssl.SSLContext;

/// One API server, reached as an administrator.
final class Endpoint implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);

  private final String name;
  private final String url;
  private final HttpClient client;

  private Endpoint(String name, String url, HttpClient client) {
    this.name = name;
    this.url = url;
    this.client = client;
  }

  /// An answer; the body is null where it is no JSON.
  record Answer(int status, JsonNode body) {}

  /// One request, the same for both.
  record Call(String method, String path, String contentType, String body) {}

  static Endpoint of(String name, Path kubeconfig) {
    try {
      Config config = Config.fromKubeconfig(Files.readString(kubeconfig));
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(SSLUtils.keyManagers(config), SSLUtils.trustManagers(config), new SecureRandom());
      return new Endpoint(
          name,
          config.getMasterUrl().replaceAll("/$", ""),
          HttpClient.newBuilder().sslContext(tls).version(HttpClient.Version.HTTP_1_1).build());
    } catch (IOException e) {
      throw new UncheckedIOException(kubeconfig.toString(), e);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(kubeconfig + " holds no usable credentials", e);
    }
  }

  String name() {
    return name;
  }

  Answer send(Call call) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + call.path()))
            .timeout(ANSWER_WITHIN)
            .header("Accept", "application/json");
    if (call.body().isEmpty()) {
      request.method(call.method(), BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", call.contentType())
          .method(call.method(), BodyPublishers.ofString(call.body()));
    }
    try {
      HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
      String text = response.body();
      JsonNode body =
          text.startsWith("{") ? JSON.readTree(text) : JSON.getNodeFactory().textNode(text);
      return new Answer(response.statusCode(), body);
    } catch (IOException e) {
      throw new UncheckedIOException(name + ": " + call.method() + " " + call.path(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted at " + call.path(), e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
