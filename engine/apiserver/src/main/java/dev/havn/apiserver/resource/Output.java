// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Json;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Trees as answers.
public final class Output {
  private static final ObjectMapper JSON = Json.mapper();

  private static final DefaultIndenter LINES = new DefaultIndenter("  ", "\n");

  /// As Go indents.
  private static final ObjectWriter PRETTY =
      JSON.writer(
          new DefaultPrettyPrinter(
                  Separators.createDefaultInstance()
                      .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                      .withObjectEmptySeparator("")
                      .withArrayEmptySeparator(""))
              .withArrayIndenter(LINES)
              .withObjectIndenter(LINES));

  private Output() {}

  static byte[] json(JsonNode tree, boolean pretty) {
    try {
      return pretty ? PRETTY.writeValueAsBytes(tree) : JSON.writeValueAsBytes(tree);
    } catch (JacksonException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The tree as `media` asks; kinds without protobuf schema are given as JSON.
  public static void send(
      Response response,
      Media media,
      int status,
      JsonNode tree,
      Schema.@Nullable Struct schema,
      List<String> warnings) {
    Headers headers = headers(media.contentType(), warnings);
    int wait = tree.path("details").path("retryAfterSeconds").asInt();
    if (wait > 0) {
      headers.set("retry-after", String.valueOf(wait));
    }
    byte[] bytes;
    if (media.format() == Media.Format.YAML) {
      bytes = Yaml.write(tree).getBytes(StandardCharsets.UTF_8);
    } else if (media.format() == Media.Format.PROTOBUF && schema != null) {
      ObjectNode object = (ObjectNode) tree;
      bytes =
          Protobuf.seal(
              object.path("apiVersion").asText(),
              object.path("kind").asText(),
              Protobuf.message(object, schema));
    } else {
      headers.set("content-type", Media.JSON);
      bytes = json(tree, media.pretty());
    }
    response.send(status, headers, List.of(ByteBuffer.wrap(bytes)));
  }

  static Headers headers(String contentType, List<String> warnings) {
    Headers headers = new Headers().set("content-type", contentType);
    headers.set("cache-control", "no-cache, private");
    for (String warning : warnings) {
      if (warning.chars().anyMatch(Character::isISOControl)) {
        continue; // no header can hold it; Kubernetes leaves it out as well
      }
      headers.add(
          "warning", "299 - \"" + warning.replace("\\", "\\\\").replace("\"", "\\\"") + "\"");
    }
    return headers;
  }
}
