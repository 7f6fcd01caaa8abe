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
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// `pods/proxy`: passes a request on to a port of the pod and its answer back.
final class PodProxy {
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
  private static final int BODY_BYTES_MAX = 3 << 20;
  private static final Set<String> NOT_PASSED_ON =
      Set.of(
          "authorization",
          "connection",
          "content-length",
          "expect",
          "host",
          "transfer-encoding",
          "upgrade");

  private PodProxy() {}

  static void serve(Call call, ObjectNode pod, Response response) {
    String address = pod.path("status").path("podIP").asText("");
    if (address.isEmpty()) {
      throw ApiException.ofCode(503, "no endpoints available for the pod: it has no address yet");
    }
    Request request = call.request();
    String[] parts = call.info().name().split(":");
    String port = parts.length > 1 ? parts[parts.length - 1] : "";
    URI target =
        URI.create(
            "http://" + address + ":" + number(pod, port) + call.info().rest() + query(request));
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
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<byte[]> answer =
          client.send(outgoing.build(), HttpResponse.BodyHandlers.ofByteArray());
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
      response.send(answer.statusCode(), headers, List.of(ByteBuffer.wrap(answer.body())));
    } catch (IOException e) {
      throw ApiException.ofCode(503, "error trying to reach service: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiException.ofCode(503, "interrupted while the pod was asked");
    }
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
    return java.net.URLEncoder.encode(text, java.nio.charset.StandardCharsets.UTF_8);
  }
}
