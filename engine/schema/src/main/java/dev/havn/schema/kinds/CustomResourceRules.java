// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Rules of definitions of custom resources. What is the same in all versions Kubernetes checks
/// once and reports at the place where its first API had it, directly below `spec`.
final class CustomResourceRules {
  private static final String CASE = "may have mixed case, but should otherwise match: ";
  private static final String APPROVAL = "api-approved.kubernetes.io";
  private static final int WARNING_CHARS_MAX = 256;

  /// Parts of a version, with the place of what all versions share.
  private static final String[][] SHARED = {
    {"schema", "validation"},
    {"subresources", "subresources"},
    {"additionalPrinterColumns", "additionalPrinterColumns"},
    {"selectableFields", "selectableFields"}
  };

  private CustomResourceRules() {}

  /// What is wrong with the name of a definition.
  static List<String> name(At object, String name) {
    At spec = object.at("spec");
    List<String> problems = new ArrayList<>(Names.problems("CustomResourceDefinition", name));
    if (!name.equals(spec.at("names").at("plural").text() + "." + spec.at("group").text())) {
      problems.add("must be spec.names.plural+\".\"+spec.group");
    }
    return problems;
  }

  static void check(At object) {
    check(object, MissingNode.getInstance());
  }

  /// @param before the versions that stood there
  static void check(At object, JsonNode before) {
    At spec = object.at("spec");
    group(spec.at("group"));
    spec.at("scope").needsOneOf("Cluster", "Namespaced");
    At versions = spec.at("versions");
    for (At version : versions.items()) {
      At schema = version.at("schema").at("openAPIV3Schema");
      if (!schema.isThere()) {
        schema.required("");
      }
    }
    At preserve = spec.at("preserveUnknownFields");
    if (preserve.flag() && hasDefaults(versions.value())) {
      preserve.invalid("must be false in order to use defaults in the schema");
    }
    Set<String> shared = shared(versions);
    for (At version : versions.items()) {
      joined(version.at("name"), Formats.label1035(version.at("name").text()), "");
      warning(version);
      parts(version, shared, false, before);
    }
    counts(versions);
    if (!versions.isEmpty()) {
      At first = versions.items().getFirst();
      joined(first.at("name").named("spec.version"), firstName(first), "");
    }
    names(spec.at("names"));
    if (!versions.isEmpty()) {
      parts(versions.items().getFirst(), shared, true, before);
    }
    conversion(spec.at("conversion"));
    stored(object.at("status").at("storedVersions"), versions);
    approval(object);
    if (preserve.flag()) {
      preserve.invalid(
          "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in"
              + " spec.versions[*].schema instead");
    }
  }

  private static boolean hasDefaults(JsonNode versions) {
    return !versions.findParents("default").isEmpty();
  }

  private static List<String> firstName(At version) {
    String name = version.at("name").text();
    return name.isEmpty() ? List.of() : Formats.label1035(name);
  }

  private static void joined(At text, List<String> problems, String before) {
    if (!problems.isEmpty()) {
      text.invalidText(before + String.join(",", problems));
    }
  }

  private static void group(At group) {
    if (!group.needs()) {
      return;
    }
    List<String> problems = Formats.subdomain(group.text());
    joined(group, problems, "");
    if (problems.isEmpty() && !group.text().contains(".")) {
      group.invalidText("should be a domain with at least one dot");
    }
  }

  /// The parts that are the same in all versions.
  private static Set<String> shared(At versions) {
    Set<String> shared = new HashSet<>();
    for (String[] part : SHARED) {
      Set<JsonNode> values = new HashSet<>();
      versions.items().forEach(version -> values.add(version.at(part[0]).value()));
      if (values.size() == 1) {
        shared.add(part[0]);
      }
    }
    return shared;
  }

  /// Checks the parts of a version that are shared, or those that are not.
  private static void parts(At version, Set<String> shared, boolean sharedOnes, JsonNode before) {
    boolean hasStatus = version.at("subresources").at("status").isThere();
    for (String[] part : SHARED) {
      if (shared.contains(part[0]) != sharedOnes) {
        continue;
      }
      At value = version.at(part[0]);
      At place = sharedOnes ? value.named("spec." + part[1]) : value;
      switch (part[0]) {
        case "schema" ->
            SchemaRules.check(place.at("openAPIV3Schema"), hasStatus, isUnchanged(version, before));
        case "subresources" -> place.at("scale").ifThere(CustomResourceRules::scale);
        case "additionalPrinterColumns" -> place.items().forEach(CustomResourceRules::column);
        default -> {
          boolean beside = shared.contains("schema") == sharedOnes;
          selectable(place, version.value().path("schema").path("openAPIV3Schema"), beside);
        }
      }
    }
  }

  private static boolean isUnchanged(At version, JsonNode before) {
    for (JsonNode each : before) {
      if (version.at("name").is(each.path("name").asText())) {
        return each.path("schema").equals(version.at("schema").value());
      }
    }
    return false;
  }

  /// @param beside whether the schema is at the same place: of this version, or of all
  private static void selectable(At fields, JsonNode schema, boolean beside) {
    if (beside && schema.isObject()) {
      SchemaPaths.selectable(fields, schema);
    } else if (!fields.isEmpty()) {
      boolean shared = fields.path().equals("spec.selectableFields");
      fields
          .errors()
          .add(
              FieldError.invalid(
                  fields.path(),
                  "",
                  shared
                      ? "may only be set when validations.schema is included"
                      : "may only be set when `version.schema.openAPIV3Schema` is not included"));
    }
  }

  private static void counts(At versions) {
    Set<String> names = new HashSet<>();
    int storage = 0;
    boolean unique = true;
    for (At version : versions.items()) {
      storage += version.at("storage").flag() ? 1 : 0;
      unique &= names.add(version.at("name").text());
    }
    if (!unique) {
      versions.invalid("must contain unique version names");
    }
    if (storage != 1) {
      versions.invalid("must have exactly one version marked as storage version");
    }
  }

  private static void warning(At version) {
    At warning = version.at("deprecationWarning");
    if (!warning.isThere()) {
      return;
    }
    if (!version.at("deprecated").flag()) {
      warning.invalidText("can only be set for deprecated versions");
      return;
    }
    if (warning.text().length() > WARNING_CHARS_MAX) {
      warning.invalidText("must be <= %d characters long".formatted(WARNING_CHARS_MAX));
    }
    if (warning.isEmpty()) {
      warning.invalidText("must not be an empty string");
    }
  }

  private static void scale(At scale) {
    replicasPath(scale.at("specReplicasPath"), ".spec.", scale.path() + ".specReplicasPath");
    replicasPath(scale.at("statusReplicasPath"), ".status.", scale.path() + ".statusReplicasPath");
    At selector = scale.at("labelSelectorPath");
    if (!selector.isEmpty()
        && simplePath(selector)
        && !selector.text().startsWith(".spec.")
        && !selector.text().startsWith(".status.")) {
      selector.invalidText("should be a json path under either .spec or .status");
    }
  }

  private static void replicasPath(At path, String below, String place) {
    At named = path.named(place);
    if (named.needs() && simplePath(named) && !named.text().startsWith(below)) {
      named.invalidText("should be a json path under " + below.substring(0, below.length() - 1));
    }
  }

  private static boolean simplePath(At path) {
    if (!path.text().startsWith(".")) {
      path.invalidText("must be a simple json path starting with .");
      return false;
    }
    return true;
  }

  private static void column(At column) {
    column.at("name").needs();
    At type = column.at("type");
    String types = "must be one of boolean,date,integer,number,string";
    if (type.needs(types)
        && !List.of("boolean", "date", "integer", "number", "string").contains(type.text())) {
      type.invalidText(types);
    }
    At format = column.at("format");
    List<String> formats =
        List.of("byte", "date", "date-time", "double", "float", "int32", "int64", "password");
    if (!format.isEmpty() && !formats.contains(format.text())) {
      format.invalidText("must be one of " + String.join(",", formats));
    }
    At path = column.at("jsonPath").named(column.path() + ".JSONPath");
    if (path.needs()) {
      simplePath(path);
    }
  }

  private static void names(At names) {
    List<String> all = List.of("plural", "singular", "kind", "listKind");
    all.forEach(field -> names.at(field).needs());
    for (String field : all) {
      At name = names.at(field);
      boolean mixed = field.endsWith("ind");
      String text = mixed ? name.text().toLowerCase(Locale.ROOT) : name.text();
      if (!name.isEmpty()) {
        joined(name, Formats.label1035(text), mixed ? CASE : "");
      }
    }
    for (At each : names.at("shortNames").items()) {
      joined(each, Formats.label1035(each.text()), "");
    }
    At kind = names.at("kind");
    if (!kind.isEmpty() && kind.is(names.at("listKind").text())) {
      names.at("listKind").invalidText("kind and listKind may not be the same");
    }
    for (At each : names.at("categories").items()) {
      joined(each, Formats.label1035(each.text()), "");
    }
  }

  private static void conversion(At conversion) {
    At strategy = conversion.at("strategy");
    strategy.needsOneOf("None", "Webhook");
    At webhook = conversion.at("webhook");
    At client = webhook.at("clientConfig").named(conversion.path() + ".webhookClientConfig");
    At versions =
        webhook
            .at("conversionReviewVersions")
            .named(conversion.path() + ".conversionReviewVersions");
    if (strategy.is("Webhook")) {
      if (!client.isThere()) {
        client.required("required when strategy is set to Webhook");
      } else {
        AdmissionRules.client(client);
      }
      AdmissionRules.reviewVersions(versions, "");
      return;
    }
    if (client.isThere()) {
      client.forbidden("should not be set when strategy is not set to Webhook");
    }
    if (!versions.isEmpty()) {
      versions.forbidden("should not be set when strategy is not set to Webhook");
    }
  }

  private static void stored(At stored, At versions) {
    if (stored.isEmpty()) {
      stored.invalid("must have at least one stored version");
      return;
    }
    Set<String> left = new LinkedHashSet<>();
    stored.items().forEach(each -> left.add(each.text()));
    for (At version : versions.items()) {
      String name = version.at("name").text();
      if (!left.remove(name) && version.at("storage").flag()) {
        stored.invalid("must have the storage version " + name);
      }
    }
    for (At each : stored.items()) {
      if (left.contains(each.text())) {
        each.invalidText(
            "missing from spec.versions; %1$s was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in %1$s and removes %1$s from status.storedVersions"
                .formatted(each.text()));
      }
    }
  }

  /// Groups of Kubernetes itself need an approval.
  private static void approval(At object) {
    String group = object.at("spec").at("group").text();
    boolean guarded =
        List.of("k8s.io", "kubernetes.io").stream()
            .anyMatch(domain -> group.equals(domain) || group.endsWith("." + domain));
    if (guarded && object.at("metadata").at("annotations").at(APPROVAL).isEmpty()) {
      object
          .errors()
          .add(
              FieldError.required(
                  "metadata.annotations[" + APPROVAL + "]",
                  "protected groups must have approval annotation \"%s\", see https://github.com/kubernetes/enhancements/pull/1111"
                      .formatted(APPROVAL)));
    }
  }
}
