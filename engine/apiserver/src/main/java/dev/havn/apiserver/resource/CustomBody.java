// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.custom.CustomResource;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Bodies of custom resources, of which Kubernetes knows no Go type: it reads them as they are.
final class CustomBody {
  private CustomBody() {}

  static void checkMedia(String contentType) {
    if (contentType.equals(Media.PROTOBUF)) {
      throw ApiException.unsupportedMediaType(Media.JSON + ", " + Media.YAML);
    }
  }

  /// Refuses what does not say what it is, or is of another version.
  static void checkType(ObjectNode object, byte[] bytes, Body.Expected expected) {
    for (String field : List.of("apiVersion", "kind")) {
      JsonNode given = object.path(field);
      if (!given.isMissingNode() && !given.isNull() && !given.isTextual()) {
        throw Body.unrecognized(
            expected.kind(),
            bytes,
            "couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go struct field .%s of type string"
                .formatted(GoJson.type(given), field));
      }
    }
    if (object.path("kind").asText("").isEmpty()) {
      String shown = new String(bytes, StandardCharsets.UTF_8);
      throw Body.unrecognized(
          expected.kind(), bytes, "Object 'Kind' is missing in '%s'".formatted(shown));
    }
    String version = object.path("apiVersion").asText("");
    if (!version.equals(expected.apiVersion())) {
      throw ApiException.badRequest(
          "the API version in the data (%s) does not match the expected API version (%s)"
              .formatted(version, expected.apiVersion()));
    }
  }

  /// Makes an object fit, fills in what is absent, and says what a strict reader has against it.
  static List<String> fit(ObjectNode object, CustomResource custom, Set<String> duplicates) {
    List<String> problems = new ArrayList<>();
    duplicates.stream().sorted().forEach(path -> problems.add("duplicate field \"" + path + "\""));
    custom.fit(object).forEach(path -> problems.add("unknown field \"" + path + "\""));
    custom.fill(object);
    return problems;
  }
}
