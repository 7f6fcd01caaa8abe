// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.discovery;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.Descriptions;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.OpenApiProtobuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// OpenAPI documents, made when they are first asked for: version 3 for each group version, and
/// version 2 for all of them in one.
public final class OpenApi {
  private static final String PROTOBUF =
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  private static final List<String> PATCHES =
      List.of(
          "application/apply-patch+yaml",
          "application/json-patch+json",
          "application/merge-patch+json",
          "application/strategic-merge-patch+json");
  private static final List<String> CUSTOM_PATCHES = PATCHES.subList(0, 3);

  private final List<ResourceType> types;
  private final Map<String, Document> documents = new ConcurrentHashMap<>();
  private final BuiltinDefinitions builtin;

  /// A document as it is sent, and what tells it from others.
  private record Document(byte[] bytes, String hash) {
    static Document of(byte[] bytes) {
      CRC32C sum = new CRC32C();
      sum.update(bytes);
      return new Document(bytes, "%08X%08X".formatted(sum.getValue(), bytes.length));
    }
  }

  public OpenApi(List<ResourceType> types) {
    this(types, new BuiltinDefinitions());
  }

  private OpenApi(List<ResourceType> types, BuiltinDefinitions builtin) {
    this.types = types;
    this.builtin = builtin;
  }

  /// The documents of other types; those of group versions that are the same are kept.
  public OpenApi with(List<ResourceType> others) {
    OpenApi next = new OpenApi(others, builtin);
    for (String each : next.groupVersions()) {
      @Nullable Document document = documents.get(each);
      if (document != null && in(each).equals(next.in(each))) {
        next.documents.put(each, document);
      }
    }
    return next;
  }

  private List<ResourceType> in(String groupVersion) {
    return types.stream().filter(type -> base(type).substring(1).equals(groupVersion)).toList();
  }

  private boolean hasDocument(String path) {
    String prefix = "/openapi/v3/";
    return path.startsWith(prefix)
        && groupVersions().stream().anyMatch(path.substring(prefix.length())::equals);
  }

  /// Whether a client takes one of the forms that documents have.
  private static boolean accepts(Request request) {
    @Nullable String accept = request.headers().first("accept");
    if (accept == null || accept.isBlank()) {
      return true;
    }
    return Arrays.stream(accept.split(","))
        .map(each -> each.split(";", 2)[0].strip())
        .anyMatch(
            each ->
                List.of("application/json", "application/*", "*/*").contains(each)
                    || each.contains("proto-openapi.spec"));
  }

  /// Answers below `/openapi`; false when the path is none of its own.
  ///
  /// @param others adds the documents of others to the index
  public boolean handle(Request request, Response response, Consumer<ObjectNode> others) {
    String path = request.path().replaceAll("/+$", "");
    boolean isDocument = path.equals("/openapi/v2") || hasDocument(path);
    if (isDocument && !accepts(request)) {
      response.send(406, new Headers(), List.of());
    } else if (path.equals("/openapi/v3")) {
      ObjectNode index = index();
      others.accept(index);
      send(request, response, Document.of(bytes(index)), "application/json", false);
    } else if (path.startsWith("/openapi/v3/")) {
      String document = path.substring("/openapi/v3/".length());
      if (groupVersions().stream().noneMatch(document::equals)) {
        return false;
      }
      Document found = version3(document);
      @Nullable String hash = request.query().first("hash");
      if (hash != null && !hash.equals(found.hash())) {
        Headers headers =
            new Headers().set("location", "/openapi/v3/" + document + "?hash=" + found.hash());
        response.send(301, headers, List.of());
      } else {
        send(request, response, found, "application/json", hash != null);
      }
    } else if (path.equals("/openapi/v2")) {
      if (String.valueOf(request.headers().first("accept")).contains("proto-openapi.spec.v2")) {
        Document whole =
            documents.computeIfAbsent(
                "v2.pb", _ -> Document.of(OpenApiProtobuf.write(version2(types))));
        send(request, response, whole, PROTOBUF, false);
      } else {
        Document whole = documents.computeIfAbsent("v2", _ -> Document.of(joined()));
        send(request, response, whole, "application/json", false);
      }
    } else {
      return false;
    }
    return true;
  }

  private static void send(
      Request request, Response response, Document document, String type, boolean immutable) {
    String tag = "\"" + document.hash() + "\"";
    Headers headers = new Headers().set("content-type", type);
    headers.set("etag", tag).set("vary", "Accept");
    headers.set("cache-control", immutable ? "public, immutable" : "no-cache, private");
    if (tag.equals(request.headers().first("if-none-match"))) {
      response.send(304, headers, List.of());
    } else {
      response.send(200, headers, List.of(ByteBuffer.wrap(document.bytes())));
    }
  }

  private Set<String> groupVersions() {
    Set<String> all = new TreeSet<>();
    types.forEach(type -> all.add(base(type).substring(1)));
    return all;
  }

  private static String base(ResourceType type) {
    return type.group().isEmpty()
        ? "/api/" + type.version()
        : "/apis/" + type.group() + "/" + type.version();
  }

  private ObjectNode index() {
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    ObjectNode paths = index.putObject("paths");
    for (String each : groupVersions()) {
      paths
          .putObject(each)
          .put("serverRelativeURL", "/openapi/v3/" + each + "?hash=" + version3(each).hash());
    }
    return index;
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private Document version3(String groupVersion) {
    return documents.computeIfAbsent(groupVersion, each -> Document.of(version3Of(each)));
  }

  private byte[] version3Of(String groupVersion) {
    ObjectNode document = JsonNodeFactory.instance.objectNode().put("openapi", "3.0.0");
    document.putObject("info").put("title", "Kubernetes").put("version", "v1.36.3");
    ObjectNode paths = document.putObject("paths");
    Definitions definitions = new Definitions("#/components/schemas/", Descriptions.load());
    for (ResourceType type : types) {
      if (base(type).substring(1).equals(groupVersion)) {
        addPaths(paths, type, true);
        definitions.addKind(type);
      }
    }
    document.putObject("components").set("schemas", definitions.json());
    return bytes(document);
  }

  /// Version 2 of all types: of the built-in ones, which are many and never change, it is made
  /// once.
  private byte[] joined() {
    BuiltinDefinitions.Parts parts =
        builtin.parts(
            () -> version2(types.stream().filter(type -> type.custom() == null).toList()));
    ObjectNode others = version2(types.stream().filter(type -> type.custom() != null).toList());
    return parts.with(others);
  }

  private static ObjectNode version2(List<ResourceType> of) {
    ObjectNode document = JsonNodeFactory.instance.objectNode().put("swagger", "2.0");
    document.putObject("info").put("title", "Kubernetes").put("version", "v1.36.3");
    ObjectNode paths = document.putObject("paths");
    Definitions definitions = new Definitions("#/definitions/", Descriptions.load());
    for (ResourceType type : of) {
      addPaths(paths, type, false);
      definitions.addKind(type);
    }
    document.set("definitions", definitions.json());
    return document;
  }

  private static void addPaths(ObjectNode paths, ResourceType type, boolean version3) {
    String collection =
        base(type) + (type.namespaced() ? "/namespaces/{namespace}/" : "/") + type.plural();
    ObjectNode all = paths.withObjectProperty(collection);
    ObjectNode one = paths.withObjectProperty(collection + "/{name}");
    for (String verb : type.verbs()) {
      switch (verb) {
        case "create" -> operation(all.putObject("post"), type, "post", version3);
        case "list" -> operation(all.putObject("get"), type, "list", version3);
        case "deletecollection" ->
            operation(all.putObject("delete"), type, "deletecollection", version3);
        case "get" -> operation(one.putObject("get"), type, "get", version3);
        case "update" -> operation(one.putObject("put"), type, "put", version3);
        case "delete" -> operation(one.putObject("delete"), type, "delete", version3);
        case "patch" -> operation(one.putObject("patch"), type, "patch", version3);
        default -> {}
      }
    }
    if (one.isEmpty()) {
      paths.remove(collection + "/{name}");
    }
  }

  private static void operation(
      ObjectNode operation, ResourceType type, String action, boolean version3) {
    operation.put("operationId", action + type.group() + type.version() + type.kind());
    ArrayNode parameters = operation.putArray("parameters");
    List<String> queries =
        switch (action) {
          case "post", "put" -> List.of("dryRun", "fieldManager", "fieldValidation", "pretty");
          case "patch" -> List.of("dryRun", "fieldManager", "fieldValidation", "force", "pretty");
          case "delete" ->
              List.of("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy");
          default -> List.of("pretty");
        };
    for (String query : queries) {
      ObjectNode parameter = parameters.addObject().put("name", query).put("in", "query");
      if (version3) {
        parameter.putObject("schema").put("type", "string").put("uniqueItems", true);
      } else {
        parameter.put("type", "string").put("uniqueItems", true);
      }
    }
    if (action.equals("patch")) {
      List<String> patches = type.custom() == null ? PATCHES : CUSTOM_PATCHES;
      if (version3) {
        ObjectNode content = operation.putObject("requestBody").putObject("content");
        patches.forEach(each -> content.putObject(each).putObject("schema").put("type", "object"));
      } else {
        patches.forEach(operation.putArray("consumes")::add);
      }
    }
    operation.putObject("responses").putObject("200").put("description", "OK");
    operation.put("x-kubernetes-action", action);
    operation
        .putObject("x-kubernetes-group-version-kind")
        .put("group", type.group())
        .put("version", type.version())
        .put("kind", type.kind());
  }

  /// The definitions that a document refers to.
  private static final class Definitions {
    private final String prefix;
    private final Descriptions descriptions;
    private final Map<String, ObjectNode> byName = new TreeMap<>();

    Definitions(String prefix, Descriptions descriptions) {
      this.prefix = prefix;
      this.descriptions = descriptions;
    }

    ObjectNode json() {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      new LinkedHashMap<>(byName).forEach(json::set);
      return json;
    }

    void addKind(ResourceType type) {
      if (type.custom() != null) {
        add(type.custom().metadata());
        CustomDefinitions.add(
            type, prefix, prefix.startsWith("#/components"), descriptions, byName);
        return;
      }
      add(type.schema());
      ObjectNode definition = byName.get(type.schema().name());
      if (definition != null) {
        definition
            .withArrayProperty("x-kubernetes-group-version-kind")
            .addObject()
            .put("group", type.group())
            .put("version", type.version())
            .put("kind", type.kind());
      }
    }

    private void add(Schema.Struct struct) {
      if (byName.containsKey(struct.name())) {
        return;
      }
      ObjectNode definition = JsonNodeFactory.instance.objectNode();
      byName.put(struct.name(), definition);
      definition.put("description", descriptions.of(struct.name(), ""));
      definition.put("type", "object");
      ObjectNode properties = definition.putObject("properties");
      ArrayNode required = JsonNodeFactory.instance.arrayNode();
      for (Schema.Field field : struct.fields().values()) {
        ObjectNode property = schema(field.schema());
        property.put("description", descriptions.of(struct.name(), field.name()));
        extensions(property, field);
        properties.set(field.name(), property);
        if (field.required()) {
          required.add(field.name());
        }
      }
      if (!required.isEmpty()) {
        definition.set("required", required);
      }
      if (struct.atomic()) {
        definition.put("x-kubernetes-map-type", "atomic");
      }
    }

    private static void extensions(ObjectNode property, Schema.Field field) {
      if (field.schema() instanceof Schema.ListOf list) {
        property.put(
            "x-kubernetes-list-type", list.type().name().toLowerCase(java.util.Locale.ROOT));
        if (!list.keys().isEmpty()) {
          list.keys().forEach(property.putArray("x-kubernetes-list-map-keys")::add);
        }
      }
      switch (field.patch()) {
        case NONE -> {}
        case REPLACE -> property.put("x-kubernetes-patch-strategy", "replace");
        case MERGE -> property.put("x-kubernetes-patch-strategy", "merge");
        case RETAIN_KEYS -> property.put("x-kubernetes-patch-strategy", "retainKeys");
        case MERGE_RETAIN_KEYS -> property.put("x-kubernetes-patch-strategy", "merge,retainKeys");
      }
      if (field.mergeKey() != null) {
        property.put("x-kubernetes-patch-merge-key", field.mergeKey());
      }
    }

    private ObjectNode schema(Schema schema) {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      switch (schema) {
        case Schema.Struct struct -> {
          add(struct);
          boolean composed = prefix.startsWith("#/components");
          if (composed) {
            json.putArray("allOf").addObject().put("$ref", prefix + struct.name());
          } else {
            json.put("$ref", prefix + struct.name());
          }
        }
        case Schema.MapOf(Schema values, boolean _) -> {
          json.put("type", "object");
          json.set("additionalProperties", schema(values));
        }
        case Schema.ListOf list -> {
          json.put("type", "array");
          json.set("items", schema(list.items()));
        }
        case Schema.Scalar scalar -> scalar(json, scalar);
        case Schema.Any _ -> json.put("type", "object");
      }
      return json;
    }

    private static void scalar(ObjectNode json, Schema.Scalar scalar) {
      switch (scalar.type()) {
        case STRING, QUANTITY -> json.put("type", "string");
        case INTEGER -> json.put("type", "integer");
        case NUMBER -> json.put("type", "number");
        case BOOLEAN -> json.put("type", "boolean");
        case INT_OR_STRING -> json.put("type", "string").put("format", "int-or-string");
      }
      if (!scalar.format().isEmpty()) {
        json.put("format", scalar.format().replace("-micro", ""));
      }
      if (!scalar.enumeration().isEmpty()) {
        scalar.enumeration().forEach(json.putArray("enum")::add);
      }
    }
  }
}
