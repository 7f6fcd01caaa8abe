// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The resource types that a CustomResourceDefinition makes: one for each version that is served.
public final class Definition {
  /// In the order of discovery.
  private static final List<String> VERBS =
      List.of("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch");

  /// While the definition is being deleted.
  private static final List<String> LAST_VERBS =
      List.of("delete", "deletecollection", "get", "list", "watch");

  private static final Set<String> PART_VERBS = Set.of("get", "patch", "update");

  private final ObjectNode definition;
  private final JsonNode spec;
  private final JsonNode names;
  private final Schema.Struct metadata;
  private final Converter converter;

  private Definition(ObjectNode definition, Schema.Struct metadata, Converter converter) {
    this.definition = definition;
    this.spec = definition.path("spec");
    this.names = definition.path("status").path("acceptedNames");
    this.metadata = metadata;
    this.converter = converter;
  }

  /// The types in the order of discovery, newest and most stable version first; none before the
  /// definition is established.
  ///
  /// @param definition as it is stored, valid
  /// @param metadata `ObjectMeta`
  /// @param converter between its versions
  public static List<ResourceType> types(
      ObjectNode definition, Schema.Struct metadata, Converter converter) {
    return isTrue(definition, "Established")
        ? new Definition(definition, metadata, converter).types()
        : List.of();
  }

  /// Whether a condition of a definition is true.
  public static boolean isTrue(ObjectNode definition, String condition) {
    for (JsonNode each : definition.path("status").path("conditions")) {
      if (each.path("type").asText().equals(condition)) {
        return each.path("status").asText().equals("True");
      }
    }
    return false;
  }

  private List<ResourceType> types() {
    List<ResourceType> types = new ArrayList<>();
    for (JsonNode version : ordered()) {
      if (version.path("served").asBoolean()) {
        types.add(type(version));
      }
    }
    return types;
  }

  private List<JsonNode> ordered() {
    List<JsonNode> versions = new ArrayList<>();
    spec.path("versions").forEach(versions::add);
    versions.sort((one, other) -> VersionOrder.compare(name(one), name(other)));
    return versions;
  }

  private static String name(JsonNode version) {
    return version.path("name").asText();
  }

  private ResourceType type(JsonNode version) {
    JsonNode source = version.path("schema").path("openAPIV3Schema");
    Structural schema =
        Structural.of(source.isObject() ? source : JsonNodeFactory.instance.objectNode());
    boolean terminating = isTrue(definition, "Terminating");
    String group = spec.path("group").asText();
    String kind = names.path("kind").asText();
    CustomResource.@Nullable Scale scale = scale(version.path("subresources").path("scale"));
    boolean hasStatus = version.path("subresources").has("status");
    CustomResource custom =
        new CustomResource(
            definition.path("metadata").path("name").asText(),
            names.path("listKind").asText(kind + "List"),
            storageVersion(),
            schema,
            metadata,
            hasStatus,
            scale,
            columns(version),
            selectable(version),
            deprecation(version, group, kind),
            terminating,
            converter,
            new CustomRules(schema, scale));
    return new ResourceType(
        group,
        name(version),
        kind,
        names.path("plural").asText(),
        names.path("singular").asText(),
        texts(names.path("shortNames")),
        texts(names.path("categories")),
        spec.path("scope").asText().equals("Namespaced"),
        new LinkedHashSet<>(terminating ? LAST_VERBS : VERBS),
        subresources(group, name(version), kind, hasStatus, scale != null),
        Shapes.of(openApiName(group, name(version), kind), schema, metadata),
        custom);
  }

  /// `com.example.stable.v1.CronTab` for the group `stable.example.com`.
  static String openApiName(String group, String version, String kind) {
    List<String> parts = Arrays.asList(group.split("\\."));
    Collections.reverse(parts);
    return String.join(".", parts) + "." + version + "." + kind;
  }

  private static List<ResourceType.Subresource> subresources(
      String group, String version, String kind, boolean hasStatus, boolean hasScale) {
    List<ResourceType.Subresource> all = new ArrayList<>();
    if (hasStatus) {
      all.add(
          new ResourceType.Subresource("status", group, version, kind, new TreeSet<>(PART_VERBS)));
    }
    if (hasScale) {
      all.add(
          new ResourceType.Subresource(
              "scale", "autoscaling", "v1", "Scale", new TreeSet<>(PART_VERBS)));
    }
    return List.copyOf(all);
  }

  private String storageVersion() {
    for (JsonNode version : spec.path("versions")) {
      if (version.path("storage").asBoolean()) {
        return name(version);
      }
    }
    throw new IllegalArgumentException(
        "definition %s has no storage version".formatted(definition.path("metadata").path("name")));
  }

  private static CustomResource.@Nullable Scale scale(JsonNode scale) {
    return scale.isObject()
        ? new CustomResource.Scale(
            scale.path("specReplicasPath").asText(),
            scale.path("statusReplicasPath").asText(),
            scale.path("labelSelectorPath").asText(""))
        : null;
  }

  private static List<CustomResource.PrinterColumn> columns(JsonNode version) {
    List<CustomResource.PrinterColumn> columns = new ArrayList<>();
    for (JsonNode each : version.path("additionalPrinterColumns")) {
      String text = each.path("jsonPath").asText();
      String description = each.path("description").asText("");
      JsonPath.parse(text)
          .ifPresent(
              path ->
                  columns.add(
                      new CustomResource.PrinterColumn(
                          each.path("name").asText(),
                          each.path("type").asText(),
                          each.path("format").asText(""),
                          description.isEmpty()
                              ? "Custom resource definition column (in JSONPath format): " + text
                              : description,
                          each.path("priority").asInt(0),
                          path)));
    }
    return columns;
  }

  private static List<CustomResource.SelectableField> selectable(JsonNode version) {
    List<CustomResource.SelectableField> fields = new ArrayList<>();
    for (JsonNode each : version.path("selectableFields")) {
      String text = each.path("jsonPath").asText();
      String name = text.startsWith(".") ? text.substring(1) : text;
      JsonPath.parse(text)
          .ifPresent(path -> fields.add(new CustomResource.SelectableField(name, path)));
    }
    return fields;
  }

  private String deprecation(JsonNode version, String group, String kind) {
    if (!version.path("deprecated").asBoolean()) {
      return "";
    }
    if (version.has("deprecationWarning")) {
      return version.get("deprecationWarning").asText();
    }
    String words = "%s/%s %s is deprecated".formatted(group, name(version), kind);
    for (JsonNode other : ordered()) {
      boolean better =
          other.path("served").asBoolean()
              && !other.path("deprecated").asBoolean()
              && VersionOrder.compare(name(other), name(version)) < 0;
      if (better) {
        return words + "; use %s/%s %s".formatted(group, name(other), kind);
      }
    }
    return words;
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(each -> texts.add(each.asText()));
    return List.copyOf(texts);
  }
}
