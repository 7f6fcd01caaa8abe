// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What answers carry.
final class Bodies {
  private static final Logger LOG = LoggerFactory.getLogger(Bodies.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private Bodies() {}

  /// All of a body, which must not be larger.
  static byte[] read(HttpResponse<InputStream> answer, int bytesMax) throws IOException {
    try (InputStream body = answer.body()) {
      byte[] bytes = body.readNBytes(bytesMax + 1);
      if (bytes.length > bytesMax) {
        throw new RegistryException(answer.uri() + " answers more than " + bytesMax + " bytes");
      }
      return bytes;
    }
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
            .formatted(answer.request().method(), answer.request().uri(), code, phrase));
  }
}
