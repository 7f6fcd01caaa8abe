// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/// Rules of every object's `metadata`.
final class MetadataRules {
  private static final int ANNOTATIONS_BYTES_MAX = 256 << 10;
  private static final Set<String> FINALIZERS =
      Set.of("orphan", "foregroundDeletion", "kubernetes");

  /// Kinds whose finalizers may have any name.
  private static final Set<String> ANY_FINALIZERS =
      Set.of(
          "APIService",
          "CustomResourceDefinition",
          "Lease",
          "MutatingAdmissionPolicy",
          "MutatingAdmissionPolicyBinding",
          "MutatingWebhookConfiguration",
          "RuntimeClass",
          "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding",
          "ValidatingWebhookConfiguration");

  /// Metadata that claims cannot get from their template.
  private static final List<String> FORBIDDEN_IN_TEMPLATES =
      List.of(
          "name",
          "generateName",
          "namespace",
          "selfLink",
          "uid",
          "resourceVersion",
          "generation",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds",
          "ownerReferences",
          "finalizers",
          "managedFields");

  private MetadataRules() {}

  /// @param problems what is wrong with a name
  static void onCreate(String kind, At metadata, Function<String, List<String>> problems) {
    prefix(
        metadata.at("generateName"),
        kind.equals("DeviceClass") ? Formats::pathSegmentStart : problems);
    At name = metadata.at("name");
    if (name.isEmpty()) {
      name.required("name or generateName is required");
    } else {
      name.has(problems);
    }
    ofAnyKind(metadata);
    standardFinalizers(kind, metadata);
  }

  /// What generated names begin with must make names of the kind.
  static void prefix(At prefix, Function<String, List<String>> problems) {
    if (!prefix.isEmpty()) {
      String masked =
          prefix.text().endsWith("-") && prefix.text().length() > 1
              ? prefix.text().substring(0, prefix.text().length() - 1) + "a"
              : prefix.text();
      problems.apply(masked).forEach(prefix::invalidText);
    }
  }

  /// What holds beside what stood there before.
  static void onUpdate(At metadata, JsonNode before) {
    if (before.has("deletionTimestamp")) {
      noNewFinalizers(metadata.at("finalizers"), before.path("finalizers"));
    }
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
    SelectorRules.labels(metadata.at("labels"));
    annotations(metadata.at("annotations"));
    owners(metadata.at("ownerReferences"));
  }

  private static void noNewFinalizers(At finalizers, JsonNode before) {
    Set<String> old = new HashSet<>();
    before.forEach(each -> old.add(each.asText()));
    List<String> more =
        finalizers.items().stream().map(At::text).filter(each -> !old.contains(each)).toList();
    if (!more.isEmpty()) {
      finalizers.forbidden(
          "no new finalizers can be added if the object is being deleted, found new finalizers"
              + " []string{\"%s\"}".formatted(String.join("\", \"", more)));
    }
  }

  /// What holds for the metadata of every kind when an object is changed: what its name is
  /// generated from is judged as a segment of a path, whatever the kind asks of names.
  static void changed(At metadata) {
    prefix(metadata.at("generateName"), Formats::pathSegment);
    ofAnyKind(metadata);
  }

  /// What holds for the metadata of every kind.
  static void ofAnyKind(At metadata) {
    metadata.at("generation").nonNegative();
    SelectorRules.labels(metadata.at("labels"));
    annotations(metadata.at("annotations"));
    owners(metadata.at("ownerReferences"));
    At finalizers = metadata.at("finalizers");
    for (At each : finalizers.items()) {
      each.named(finalizers.path()).has(Formats::qualifiedName);
    }
  }

  /// Names without a domain are Kubernetes' own.
  static void standardFinalizers(String kind, At metadata) {
    if (kind.isEmpty() || ANY_FINALIZERS.contains(kind)) {
      return;
    }
    metadata.at("finalizers").items().forEach(MetadataRules::standardFinalizer);
  }

  static void standardFinalizer(At name) {
    if (!name.text().contains("/") && !FINALIZERS.contains(name.text())) {
      name.invalidText("name is neither a standard finalizer name nor is it fully qualified");
    }
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

  /// A reference as Kubernetes shows it, whatever the order in which it was written.
  private static At inOrder(At owner, String path) {
    ObjectNode shown = JsonNodeFactory.instance.objectNode();
    for (String field : List.of("apiVersion", "kind", "name", "uid")) {
      shown.put(field, owner.at(field).text());
    }
    for (String field : List.of("controller", "blockOwnerDeletion")) {
      owner.at(field).ifThere(each -> shown.set(field, each.value()));
    }
    return new At(shown, path, owner.errors());
  }

  private static void owners(At owners) {
    String controller = "";
    for (At owner : owners.items()) {
      At version = owner.at("apiVersion").named(owners.path() + ".apiVersion");
      String[] parts = version.text().split("/", -1);
      if (version.isEmpty() || parts.length > 2 || parts[parts.length - 1].isEmpty()) {
        version.invalidText("version must not be empty");
      }
      for (String field : List.of("kind", "name", "uid")) {
        At each = owner.at(field).named(owners.path() + "." + field);
        if (each.isEmpty()) {
          each.invalidText("must not be empty");
        }
      }
      if (owner.at("kind").is("Event") && (version.is("v1") || version.is("/v1"))) {
        inOrder(owner, owners.path()).invalid("/v1, Kind=Event is disallowed from being an owner");
      }
      if (owner.at("controller").flag()) {
        String name = owner.at("kind").text() + "/" + owner.at("name").text();
        if (!controller.isEmpty()) {
          owners.invalid(
              "Only one reference can have Controller set to true. Found \"true\" in references for %s and %s"
                  .formatted(controller, name));
        } else {
          controller = name;
        }
      }
    }
  }

  /// Of metadata for objects that are made from a template: only labels and annotations.
  ///
  /// @param given tells a field that says something: Kubernetes takes an empty list for something
  ///   in templates of claims to devices only
  static void ofTemplate(At metadata, Predicate<At> given) {
    for (String field : FORBIDDEN_IN_TEMPLATES) {
      if (given.test(metadata.at(field))) {
        // Kubernetes' own spelling.
        String shown = field.equals("uid") ? "uID" : field;
        metadata.named(metadata.path() + "." + shown).forbidden("cannot be set");
      }
    }
  }
}
