// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// The way to one extender: a question is a POST of JSON, and so is what comes back. Blocks, for
/// many threads. The connection is made with the first question.
final class Line implements AutoCloseable {
  /// As many nodes as a cluster may have fit into it, whole.
  private static final int ANSWER_BYTES_MAX = 64 << 20;

  private static final int OK = 200;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ExtenderSettings settings;
  private final ScheduledExecutorService executor;
  private @Nullable HttpClient http;
  private boolean closed;

  Line(ExtenderSettings settings, ScheduledExecutorService executor) {
    this.settings = settings;
    this.executor = executor;
  }

  /// @throws ExtenderException in the words of kube-scheduler
  JsonNode ask(String verb, JsonNode question) {
    String url = settings.url().replaceAll("/+$", "") + "/" + verb;
    HttpResponse<byte[]> answer = post(url, question);
    if (answer.statusCode() != OK) {
      throw new ExtenderException(
          "failed %s with extender at URL %s, code %d".formatted(verb, url, answer.statusCode()));
    }
    try {
      JsonNode read = JSON.readTree(answer.body());
      if (read.isMissingNode()) {
        throw new ExtenderException("EOF");
      }
      return read;
    } catch (IOException e) {
      throw new ExtenderException(noJson(url, answer.body(), e), e);
    }
  }

  /// What is no JSON from its first character on, in Go's words.
  private static String noJson(String url, byte[] body, IOException why) {
    String text = new String(body, StandardCharsets.UTF_8).strip();
    boolean begins = "{[\"-0123456789tfn".indexOf(text.charAt(0)) >= 0;
    return begins
        ? "%s: no JSON: %s".formatted(url, why.getMessage())
        : "invalid character '%c' looking for beginning of value".formatted(text.charAt(0));
  }

  private HttpResponse<byte[]> post(String url, JsonNode question) {
    CompletableFuture<HttpResponse<byte[]>> answer = send(url, question);
    AtomicBoolean isLate = new AtomicBoolean();
    ScheduledFuture<?> timer;
    try {
      timer =
          executor.schedule(
              () -> {
                isLate.set(true);
                answer.cancel(true);
              },
              settings.within().toMillis(),
              TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      answer.cancel(true);
      throw new ExtenderException("Post \"%s\": the scheduler ends".formatted(url), closing);
    }
    try {
      return answer.join();
    } catch (CancellationException | CompletionException e) {
      String why =
          isLate.get()
              ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
              : why(url, e);
      throw new ExtenderException("Post \"%s\": %s".formatted(url, why), e);
    } finally {
      timer.cancel(false);
    }
  }

  private CompletableFuture<HttpResponse<byte[]>> send(String url, JsonNode question) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(url))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(question)))
              .build();
      return http()
          .sendAsync(
              request,
              HttpResponse.BodyHandlers.limiting(
                  HttpResponse.BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
    } catch (JsonProcessingException e) {
      throw new ExtenderException("Post \"%s\": %s".formatted(url, e.getMessage()), e);
    }
  }

  /// The library leaves it to the class of a failure to say what it is.
  private static String why(String url, Throwable failure) {
    @Nullable Throwable each = failure;
    Throwable last = failure;
    while (each != null) {
      URI uri = URI.create(url);
      if (each instanceof UnresolvedAddressException) {
        return "dial tcp: lookup %s: no such host".formatted(uri.getHost());
      }
      if (each instanceof ConnectException) {
        return "dial tcp %s: connect: connection refused".formatted(uri.getAuthority());
      }
      last = each;
      each = each.getCause();
    }
    return last.getMessage() == null ? last.getClass().getSimpleName() : last.getMessage();
  }

  private synchronized HttpClient http() {
    if (closed) {
      throw new ExtenderException(settings.url() + ": the scheduler ends");
    }
    if (http == null) {
      HttpClient.Builder builder =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .followRedirects(HttpClient.Redirect.NEVER)
              .connectTimeout(settings.within())
              .executor(executor);
      secure(builder);
      http = builder.build();
    }
    return http;
  }

  private void secure(HttpClient.Builder builder) {
    ExtenderSettings.Identity identity = settings.identity();
    if (!settings.insecure()
        && !identity.authority().isGiven()
        && !identity.certificate().isGiven()) {
      return;
    }
    try {
      builder.sslContext(
          SSLUtils.sslContext(
              identity.certificate().isGiven() ? OwnKey.of(identity) : null,
              SSLUtils.trustManagers(
                  identity.authority().data(),
                  identity.authority().file(),
                  settings.insecure(),
                  null,
                  null)));
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      throw new ExtenderException(
          "tlsConfig of extender %s: %s".formatted(settings.url(), e.getMessage()), e);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (http != null) {
      http.shutdownNow();
    }
  }
}
