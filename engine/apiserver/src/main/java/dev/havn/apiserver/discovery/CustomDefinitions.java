// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Descriptions;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The OpenAPI definitions of custom resources: their own schema, with what every object has.
final class CustomDefinitions {
  private static final String OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

  /// In words of our own: the published model describes these fields by their type alone.
  private static final String METADATA =
      "Standard object's metadata: names, labels, owners and what else every object has.";

  private static final String LIST_METADATA =
      "Standard list metadata: the revision at which it was read, and where it goes on.";

  /// A kind whose `apiVersion` and `kind` are described as in all others.
  private static final String DESCRIBED = "io.k8s.api.core.v1.ConfigMap";

  /// What OpenAPI version 2 has not.
  private static final List<String> JUNCTORS = List.of("allOf", "anyOf", "oneOf", "not");

  private final String prefix;
  private final boolean version3;
  private final Descriptions descriptions;

  private CustomDefinitions(String prefix, boolean version3, Descriptions descriptions) {
    this.prefix = prefix;
    this.version3 = version3;
    this.descriptions = descriptions;
  }

  /// Adds the kind and its list to the definitions of a document.
  static void add(
      ResourceType type,
      String prefix,
      boolean version3,
      Descriptions descriptions,
      Map<String, ObjectNode> byName) {
    CustomDefinitions definitions = new CustomDefinitions(prefix, version3, descriptions);
    if (type.custom() != null) {
      byName.put(type.schema().name(), definitions.kind(type, type.custom().schema().source()));
      String name = type.schema().name();
      String list = name.substring(0, name.lastIndexOf('.') + 1) + type.listKind();
      byName.put(list, definitions.list(type));
    }
  }

  private ObjectNode kind(ResourceType type, JsonNode source) {
    ObjectNode schema =
        source instanceof ObjectNode object
            ? object.deepCopy()
            : JsonNodeFactory.instance.objectNode();
    schema.put("type", "object");
    boolean open = schema.path("x-kubernetes-preserve-unknown-fields").asBoolean();
    if (!version3 && open) {
      schema.removeAll();
      schema.put("type", "object");
    } else if (!schema.isEmpty() && source.size() > 0) {
      if (!version3) {
        simplify(schema);
        schema.put("type", "object");
      }
      withTypeMeta(schema);
      schema.withObjectProperty("properties").set("metadata", metadata());
      embedded(schema);
    }
    named(schema, type, type.kind());
    return schema;
  }

  private ObjectNode list(ResourceType type) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("description", type.listKind() + " is a list of " + type.kind());
    schema.put("type", "object").putArray("required").add("items");
    withTypeMeta(schema);
    ObjectNode items = schema.withObjectProperty("properties").putObject("items");
    items.put("description", "List of %s.".formatted(type.plural()));
    items.put("type", "array").putObject("items").put("$ref", prefix + type.schema().name());
    schema
        .withObjectProperty("properties")
        .putObject("metadata")
        .put("description", LIST_METADATA)
        .put("type", "object");
    named(schema, type, type.listKind());
    return schema;
  }

  private static void named(ObjectNode schema, ResourceType type, String kind) {
    schema
        .putArray("x-kubernetes-group-version-kind")
        .addObject()
        .put("group", type.group())
        .put("kind", kind)
        .put("version", type.version());
  }

  private void withTypeMeta(ObjectNode schema) {
    ObjectNode properties = schema.withObjectProperty("properties");
    for (String field : List.of("apiVersion", "kind")) {
      properties
          .putObject(field)
          .put("description", descriptions.of(DESCRIBED, field))
          .put("type", "string");
    }
  }

  private ObjectNode metadata() {
    ObjectNode reference = JsonNodeFactory.instance.objectNode();
    reference.put("description", METADATA);
    if (version3) {
      reference.putArray("allOf").addObject().put("$ref", prefix + OBJECT_META);
    } else {
      reference.put("$ref", prefix + OBJECT_META);
    }
    return reference;
  }

  /// Embedded resources have what every object has.
  private void embedded(JsonNode schema) {
    for (JsonNode each : children(schema)) {
      boolean opaque = !version3 && each.path("x-kubernetes-preserve-unknown-fields").asBoolean();
      if (each.path("x-kubernetes-embedded-resource").asBoolean()
          && each instanceof ObjectNode object
          && !opaque) {
        withTypeMeta(object);
        object.withObjectProperty("properties").set("metadata", metadata());
      }
      embedded(each);
    }
  }

  private static List<JsonNode> children(JsonNode schema) {
    List<JsonNode> children = new ArrayList<>();
    schema.path("properties").forEach(children::add);
    if (schema.path("items").isObject()) {
      children.add(schema.get("items"));
    }
    if (schema.path("additionalProperties").isObject()) {
      children.add(schema.get("additionalProperties"));
    }
    return children;
  }

  /// Takes out what kubectl cannot read in version 2: it would refuse what is valid.
  private static void simplify(ObjectNode schema) {
    schema.remove(JUNCTORS);
    boolean preserves = schema.path("x-kubernetes-preserve-unknown-fields").asBoolean();
    boolean nullable = schema.path("nullable").asBoolean();
    withoutNullable(schema);
    if (nullable) {
      schema.remove(List.of("type", "nullable"));
    }
    if (nullable || preserves) {
      schema.remove(List.of("items", "properties"));
    }
    String type = schema.path("type").asText("");
    if (type.equals("array") && !schema.has("items") || preserves && type.equals("object")) {
      schema.remove("type");
    }
    for (JsonNode each : children(schema)) {
      if (each instanceof ObjectNode child) {
        simplify(child);
      }
    }
  }

  /// What may be `null` cannot be asked for.
  private static void withoutNullable(ObjectNode schema) {
    if (!(schema.get("required") instanceof ArrayNode required)) {
      return;
    }
    JsonNode additional = schema.path("additionalProperties");
    ArrayNode left = schema.arrayNode();
    for (JsonNode each : required) {
      JsonNode property = schema.path("properties").path(each.asText());
      if (!property.path("nullable").asBoolean() && !additional.path("nullable").asBoolean()) {
        left.add(each);
      }
    }
    schema.set("required", left);
    if (left.isEmpty()) {
      schema.remove("required");
    }
  }
}
