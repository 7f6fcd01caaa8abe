// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What answers carry.
final class Bodies {
  private static final Logger LOG = LoggerFactory.getLogger(Bodies.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Duration WITHIN = Duration.ofSeconds(60);

  private Bodies() {}

  /// An address as it may be shown: what is signed stands in its query.
  static String shown(URI uri) {
    return uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
  }

  /// All of a body, which must not be larger, nor take longer than small ones do.
  static byte[] read(Http http, HttpResponse<InputStream> answer, int bytesMax) throws IOException {
    String from = shown(answer.uri());
    byte[] bytes;
    try (InputStream body = answer.body()) {
      Runnable end = http.closeAfter(body, WITHIN);
      try {
        bytes = body.readNBytes(bytesMax + 1);
      } finally {
        end.run();
      }
    } catch (IOException e) {
      throw new RegistryException("the answer of " + from + " breaks off: " + e.getMessage(), e);
    }
    if (bytes.length > bytesMax) {
      throw new RegistryException(from + " answers more than " + bytesMax + " bytes");
    }
    return bytes;
  }

  static JsonNode json(byte[] bytes, String what) throws IOException {
    try {
      return JSON.readTree(bytes);
    } catch (JacksonException e) {
      throw new RegistryException(what + " is no JSON", e);
    }
  }

  /// A body that nobody reads.
  static void close(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      LOG.debug("an answer that nobody reads does not end: {}", e.toString());
    }
  }

  /// An answer that is none, in the words of containerd.
  static RegistryException unexpected(HttpResponse<?> answer) {
    int code = answer.statusCode();
    String phrase =
        switch (code) {
          case 400 -> " Bad Request";
          case 401 -> " Unauthorized";
          case 403 -> " Forbidden";
          case 404 -> " Not Found";
          case 429 -> " Too Many Requests";
          case 500 -> " Internal Server Error";
          case 502 -> " Bad Gateway";
          case 503 -> " Service Unavailable";
          default -> "";
        };
    return new RegistryException(
        "unexpected status from %s request to %s: %d%s"
            .formatted(answer.request().method(), shown(answer.request().uri()), code, phrase));
  }
}
