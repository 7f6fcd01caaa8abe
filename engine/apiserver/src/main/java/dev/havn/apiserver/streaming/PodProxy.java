// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Call;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/// `pods/proxy` and, by way of a pod behind it, `services/proxy`: passes a request on to a port of
/// the pod and its answer back.
final class PodProxy {
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);
  private static final int BODY_BYTES_MAX = 3 << 20;
  private static final int ANSWER_BYTES_MAX = 32 << 20;
  private static final Pattern OWN =
      Pattern.compile("/api/v1/namespaces/[^/]+/[^/]+/[^/]+/proxy(?=/|$)");
  private static final Pattern LINK =
      Pattern.compile("(\\b(?:href|src|action|cite|background)\\s*=\\s*[\"'])(/(?!/))");
  private static final Set<String> NOT_PASSED_ON =
      Set.of(
          "authorization",
          "connection",
          "content-length",
          "expect",
          "host",
          "transfer-encoding",
          "upgrade");

  private final NodeConnection nodes;
  private @Nullable HttpClient client;

  PodProxy(NodeConnection nodes) {
    this.nodes = nodes;
  }

  /// Made when it is first needed: it takes longer than many requests.
  private synchronized HttpClient client() {
    HttpClient made = client;
    if (made == null) {
      try {
        SSLContext context = SSLContext.getInstance("TLS");
        TrustManager[] anybody = {new TrustAnybody()};
        context.init(null, anybody, new SecureRandom());
        made =
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(context)
                .build();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("TLS is part of every JDK", e);
      }
      client = made;
    }
    return made;
  }

  void serve(Call call, ObjectNode pod, Response response) {
    Request request = call.request();
    String path = request.path();
    Matcher own = OWN.matcher(path);
    if (!own.lookingAt()) {
      throw ApiException.unknownPath();
    }
    String rest = path.substring(own.end());
    boolean reads = List.of("GET", "HEAD").contains(request.method());
    if (rest.isEmpty() && reads) {
      response.send(301, new Headers().set("location", path + "/" + query(request)), List.of());
      return;
    }
    String address = address(pod);
    String[] parts = call.info().name().split(":");
    String scheme = parts.length == 3 && parts[0].equals("https") ? "https" : "http";
    String port = parts.length > 1 ? parts[parts.length - 1] : "";
    URI target =
        URI.create(
            "%s://%s:%d%s%s"
                .formatted(
                    scheme,
                    address,
                    number(pod, port),
                    rest.isEmpty() ? "/" : rest.replace(" ", "%20"),
                    query(request)));
    pass(request, target, own.group(), response);
  }

  /// Where a pod is.
  private String address(ObjectNode pod) {
    String text = pod.path("status").path("podIP").asText("");
    if (text.isEmpty()) {
      throw ApiException.ofCode(503, "no endpoints available for the pod: it has no address yet");
    }
    InetAddress address = PodAddresses.checked(text, pod, nodes::isAt);
    String literal = address.getHostAddress();
    return address instanceof Inet6Address ? "[" + literal + "]" : literal;
  }

  /// @param prefix what links in the answer need before them
  private void pass(Request request, URI target, String prefix, Response response) {
    HttpRequest.Builder outgoing = HttpRequest.newBuilder(target).timeout(ANSWER_WITHIN);
    request
        .headers()
        .asMap()
        .forEach(
            (name, values) -> {
              if (!NOT_PASSED_ON.contains(name)) {
                values.forEach(value -> outgoing.header(name, value));
              }
            });
    byte[] body = request.body(BODY_BYTES_MAX);
    outgoing.method(
        request.method(),
        body.length == 0
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofByteArray(body));
    try {
      HttpResponse<byte[]> answer = answer(outgoing.build());
      Headers headers = new Headers();
      answer
          .headers()
          .map()
          .forEach(
              (name, values) -> {
                if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
                  values.forEach(value -> headers.add(name, value));
                }
              });
      response.send(answer.statusCode(), headers, List.of(ByteBuffer.wrap(linked(answer, prefix))));
    } catch (IOException e) {
      throw ApiException.ofCode(503, "error trying to reach service: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiException.ofCode(503, "interrupted while the pod was asked");
    }
  }

  /// The whole answer, in time: a pod that lets it trickle holds nobody for longer.
  private HttpResponse<byte[]> answer(HttpRequest request)
      throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer =
        client()
            .sendAsync(
                request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
    try {
      return answer.get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new IOException("no whole answer in " + ANSWER_WITHIN.toSeconds() + " seconds", e);
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    }
  }

  /// Links of a page that begin at the pod's root begin at the proxy's path for the reader.
  private static byte[] linked(HttpResponse<byte[]> answer, String prefix) {
    byte[] content = answer.body();
    boolean page =
        answer.headers().firstValue("content-type").orElse("").startsWith("text/html")
            && answer.headers().firstValue("content-encoding").isEmpty();
    if (!page) {
      return content;
    }
    String text = new String(content, StandardCharsets.UTF_8);
    return LINK.matcher(text)
        .replaceAll("$1" + Matcher.quoteReplacement(prefix) + "$2")
        .getBytes(StandardCharsets.UTF_8);
  }

  /// A port by number, by name, or the pod's first.
  private static int number(ObjectNode pod, String port) {
    if (port.matches("[0-9]{1,5}")) {
      return Integer.parseInt(port);
    }
    for (JsonNode container : pod.path("spec").path("containers")) {
      for (JsonNode each : container.path("ports")) {
        if (port.isEmpty() || port.equals(each.path("name").asText())) {
          return each.path("containerPort").asInt();
        }
      }
    }
    return 80;
  }

  private static String query(Request request) {
    String text =
        request.query().values().entrySet().stream()
            .flatMap(
                each ->
                    each.getValue().stream()
                        .map(value -> encode(each.getKey()) + "=" + encode(value)))
            .collect(Collectors.joining("&"));
    return text.isEmpty() ? "" : "?" + text;
  }

  private static String encode(String text) {
    return java.net.URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
