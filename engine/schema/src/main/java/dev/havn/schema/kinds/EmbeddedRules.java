// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/// Rules of a whole resource that stands in a field of a custom one.
final class EmbeddedRules {
  private EmbeddedRules() {}

  static void check(At object) {
    for (String field : List.of("apiVersion", "kind")) {
      if (!object.value().has(field)) {
        object.at(field).required("");
      }
    }
    JsonNode version = object.value().path("apiVersion");
    At apiVersion = object.at("apiVersion");
    if (!version.isMissingNode()) {
      if (!version.isTextual()) {
        apiVersion.invalid("must be a string");
      } else if (version.asText().isEmpty()) {
        apiVersion.invalidText("must not be empty");
      } else if (version.asText().split("/", -1).length > 2) {
        apiVersion.invalidText("unexpected GroupVersion string: " + version.asText());
      }
    }
    JsonNode given = object.value().path("kind");
    At kind = object.at("kind");
    if (!given.isMissingNode()) {
      if (!given.isTextual()) {
        kind.invalid("must be a string");
      } else if (given.asText().isEmpty()) {
        kind.invalidText("must not be empty");
      } else {
        List<String> problems = Formats.label1035(given.asText().toLowerCase(Locale.ROOT));
        if (!problems.isEmpty()) {
          kind.invalidText(
              "may have mixed case, but should otherwise match: " + String.join(",", problems));
        }
      }
    }
    At metadata = object.at("metadata");
    if (metadata.isThere()) {
      At name = metadata.at("name");
      if (!name.isEmpty()) {
        name.has(Formats::pathSegment);
      }
      MetadataRules.ofAnyKind(metadata);
    }
  }
}
