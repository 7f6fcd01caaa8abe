// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Names;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Rules of every object's `metadata`.
final class MetadataRules {
  private static final int ANNOTATIONS_BYTES_MAX = 256 << 10;
  private static final Set<String> FINALIZERS =
      Set.of("orphan", "foregroundDeletion", "kubernetes");

  private MetadataRules() {}

  static void onCreate(String kind, At metadata) {
    At prefix = metadata.at("generateName");
    if (!prefix.isEmpty()) {
      String masked =
          prefix.text().endsWith("-") && prefix.text().length() > 1
              ? prefix.text().substring(0, prefix.text().length() - 1) + "a"
              : prefix.text();
      for (String problem : Names.problems(kind, masked)) {
        prefix.invalidText(problem);
      }
    }
    At name = metadata.at("name");
    if (name.isEmpty()) {
      name.required("name or generateName is required");
    } else {
      Names.problems(kind, name.text()).forEach(name::invalidText);
    }
    if (metadata.at("generation").number() < 0) {
      metadata.at("generation").nonNegative();
    }
    common(metadata);
  }

  static void onUpdate(At metadata, JsonNode before) {
    At generation = metadata.at("generation");
    if (generation.number() < before.path("generation").asLong(0)) {
      generation.invalid("must not be decremented");
    }
    for (String field :
        List.of(
            "name",
            "namespace",
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds")) {
      metadata.at(field).same(before.get(field));
    }
    common(metadata);
  }

  /// What holds whenever an object is written.
  static void common(At metadata) {
    SelectorRules.labels(metadata.at("labels"));
    annotations(metadata.at("annotations"));
    owners(metadata.at("ownerReferences"));
    finalizers(metadata.at("finalizers"));
  }

  static void annotations(At annotations) {
    long bytes = 0;
    for (Map.Entry<String, At> each : annotations.entries().entrySet()) {
      String key = each.getKey();
      for (String problem : LabelSyntax.keyProblems(key.toLowerCase(Locale.ROOT))) {
        annotations.errors().add(FieldError.invalid(annotations.path(), key, problem));
      }
      bytes += key.getBytes(StandardCharsets.UTF_8).length;
      bytes += each.getValue().text().getBytes(StandardCharsets.UTF_8).length;
    }
    if (bytes > ANNOTATIONS_BYTES_MAX) {
      annotations.errors().add(FieldError.tooLong(annotations.path(), ANNOTATIONS_BYTES_MAX));
    }
  }

  private static void owners(At owners) {
    for (At owner : owners.items()) {
      At version = owner.at("apiVersion").named(owners.path() + ".apiVersion");
      if (version.isEmpty()) {
        version.invalidText("version must not be empty");
      }
      for (String field : List.of("kind", "name", "uid")) {
        At each = owner.at(field).named(owners.path() + "." + field);
        if (each.isEmpty()) {
          each.invalidText("must not be empty");
        }
      }
    }
  }

  /// Known names, or names with a domain.
  private static void finalizers(At finalizers) {
    for (At each : finalizers.items()) {
      if (!Formats.qualifiedName(each.text()).isEmpty()) {
        each.named(finalizers.path()).has(Formats::qualifiedName);
      } else if (!each.text().contains("/") && !FINALIZERS.contains(each.text())) {
        each.invalidText("name is neither a standard finalizer name nor is it fully qualified");
      }
    }
  }
}
