// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.function.Function;

/// OpenAPI version 2 as the protobuf that client-go asks for: gnostic's `openapi.v2.Document`
/// (<https://github.com/google/gnostic>, `openapiv2/OpenAPIv2.proto`), with the fields that
/// Kubernetes' documents use. Keys that begin with `x-` are vendor extensions; their values are
/// YAML, and JSON is YAML.
public final class OpenApiProtobuf {
  private OpenApiProtobuf() {}

  /// A whole document.
  public static byte[] write(ObjectNode document) {
    Wire.Writer out = new Wire.Writer(1 << 20);
    text(out, 1, document.path("swagger"));
    Wire.Writer info = new Wire.Writer();
    text(info, 1, document.path("info").path("title"));
    text(info, 2, document.path("info").path("version"));
    out.message(2, info);
    out.message(8, entries(2, document.path("paths"), OpenApiProtobuf::path));
    out.message(9, entries(1, document.path("definitions"), OpenApiProtobuf::schema));
    extensions(out, 16, document);
    return out.toBytes();
  }

  private static Wire.Writer path(JsonNode path) {
    Wire.Writer out = new Wire.Writer();
    Map<String, Integer> methods =
        Map.of("get", 2, "put", 3, "post", 4, "delete", 5, "options", 6, "head", 7, "patch", 8);
    for (Map.Entry<String, JsonNode> each : path.properties()) {
      Integer number = methods.get(each.getKey());
      if (number != null) {
        out.message(number, operation(each.getValue()));
      }
    }
    path.path("parameters").forEach(each -> out.message(9, parameter(each)));
    extensions(out, 10, path);
    return out;
  }

  private static Wire.Writer operation(JsonNode operation) {
    Wire.Writer out = new Wire.Writer();
    text(out, 3, operation.path("description"));
    text(out, 5, operation.path("operationId"));
    operation.path("produces").forEach(each -> text(out, 6, each));
    operation.path("consumes").forEach(each -> text(out, 7, each));
    operation.path("parameters").forEach(each -> out.message(8, parameter(each)));
    out.message(9, entries(1, operation.path("responses"), OpenApiProtobuf::response));
    extensions(out, 13, operation);
    return out;
  }

  private static Wire.Writer response(JsonNode response) {
    Wire.Writer out = new Wire.Writer();
    text(out, 1, response.path("description"));
    if (response.has("schema")) {
      out.message(2, within(1, schema(response.path("schema"))));
    }
    return within(1, out);
  }

  /// Parameters have a message for each place they can stand in, inside alternatives: parameter,
  /// not of the body, of the query (3) or of the path (4).
  private static Wire.Writer parameter(JsonNode parameter) {
    Wire.Writer out = new Wire.Writer();
    String in = parameter.path("in").asText();
    if (in.equals("body")) {
      text(out, 2, parameter.path("name"));
      text(out, 3, parameter.path("in"));
      flag(out, 4, parameter.path("required"));
      out.message(5, schema(parameter.path("schema")));
      return within(1, within(1, out));
    }
    boolean query = in.equals("query");
    flag(out, 1, parameter.path("required"));
    text(out, 2, parameter.path("in"));
    text(out, 3, parameter.path("description"));
    text(out, 4, parameter.path("name"));
    text(out, query ? 6 : 5, parameter.path("type"));
    flag(out, query ? 20 : 19, parameter.path("uniqueItems"));
    return within(1, within(2, within(query ? 3 : 4, out)));
  }

  private static Wire.Writer schema(JsonNode schema) {
    Wire.Writer out = new Wire.Writer();
    text(out, 1, schema.path("$ref"));
    text(out, 2, schema.path("format"));
    text(out, 4, schema.path("description"));
    if (schema.has("default")) {
      out.message(5, any(schema.path("default")));
    }
    schema.path("required").forEach(each -> text(out, 19, each));
    schema.path("enum").forEach(each -> out.message(20, any(each)));
    if (schema.path("additionalProperties").isObject()) {
      out.message(21, within(1, schema(schema.path("additionalProperties"))));
    }
    if (schema.has("type")) {
      Wire.Writer type = new Wire.Writer();
      text(type, 1, schema.path("type"));
      out.message(22, type);
    }
    if (schema.has("items")) {
      out.message(23, within(1, schema(schema.path("items"))));
    }
    schema.path("allOf").forEach(each -> out.message(24, schema(each)));
    if (schema.has("properties")) {
      out.message(25, entries(1, schema.path("properties"), OpenApiProtobuf::schema));
    }
    extensions(out, 31, schema);
    return out;
  }

  private static Wire.Writer within(int number, Wire.Writer inner) {
    Wire.Writer out = new Wire.Writer(inner.size() + 8);
    out.message(number, inner);
    return out;
  }

  /// An object as a list of names (1) and values (2).
  private static Wire.Writer entries(
      int number, JsonNode object, Function<JsonNode, Wire.Writer> value) {
    Wire.Writer out = new Wire.Writer();
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      out.message(number, named(each.getKey(), value.apply(each.getValue())));
    }
    return out;
  }

  private static Wire.Writer named(String name, Wire.Writer value) {
    Wire.Writer out = new Wire.Writer(value.size() + name.length() + 16);
    out.text(1, name);
    out.message(2, value);
    return out;
  }

  private static void extensions(Wire.Writer out, int number, JsonNode object) {
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      if (each.getKey().startsWith("x-")) {
        out.message(number, named(each.getKey(), any(each.getValue())));
      }
    }
  }

  private static Wire.Writer any(JsonNode value) {
    Wire.Writer out = new Wire.Writer();
    out.text(2, value.toString());
    return out;
  }

  private static void text(Wire.Writer out, int number, JsonNode value) {
    if (value.isTextual()) {
      out.text(number, value.asText());
    }
  }

  private static void flag(Wire.Writer out, int number, JsonNode value) {
    if (value.asBoolean()) {
      out.number(number, 1);
    }
  }
}
