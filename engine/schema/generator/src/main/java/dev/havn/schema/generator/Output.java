// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Writes the resource; `docs/formats/types.md` describes it.
final class Output {
  private static final int FORMAT = 3;
  private static final List<String> ALL_VERBS =
      List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");

  private final Map<String, Shape.Struct> structs;
  private final Map<String, List<Map<String, Object>>> resources;
  private final Map<String, Integer> strings = new LinkedHashMap<>();
  private final List<String> order;

  Output(Map<String, Shape.Struct> structs, Map<String, List<Map<String, Object>>> resources) {
    this.structs = structs;
    this.resources = resources;
    this.order = new ArrayList<>(structs.keySet());
  }

  void write(Path folder) throws IOException {
    java.io.ByteArrayOutputStream body = new java.io.ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(body)) {
      out.writeShort(order.size());
      for (String name : order) {
        string(out, name);
      }
      for (Shape.Struct struct : structs.values()) {
        struct(out, struct);
      }
      resources(out);
    }
    try (DataOutputStream out = open(folder.resolve("types.bin"))) {
      out.writeByte(FORMAT);
      out.writeShort(strings.size());
      for (String each : strings.keySet()) {
        out.writeUTF(each);
      }
      body.writeTo(out);
    }
    try (DataOutputStream out =
        new DataOutputStream(
            new GZIPOutputStream(Files.newOutputStream(folder.resolve("descriptions.bin"))))) {
      out.writeShort(order.size());
      for (Shape.Struct struct : structs.values()) {
        describe(out, struct);
      }
    }
  }

  private static DataOutputStream open(Path file) throws IOException {
    return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
  }

  private void string(DataOutputStream out, String text) throws IOException {
    out.writeShort(strings.computeIfAbsent(text, _ -> strings.size()));
  }

  private void strings(DataOutputStream out, List<String> texts) throws IOException {
    out.writeByte(texts.size());
    for (String text : texts) {
      string(out, text);
    }
  }

  private void struct(DataOutputStream out, Shape.Struct struct) throws IOException {
    out.writeBoolean(struct.atomic());
    out.writeShort(struct.fields().size());
    for (Shape.Field field : struct.fields()) {
      string(out, field.name());
      shape(out, field.shape());
      out.writeBoolean(field.required());
      out.writeShort(field.number());
      out.writeByte(field.embedding().size());
      for (int number : field.embedding()) {
        out.writeShort(number);
      }
      string(out, field.defaultValue());
      string(out, field.patch());
      string(out, field.mergeKey());
      string(out, field.zero());
    }
  }

  private void shape(DataOutputStream out, Shape shape) throws IOException {
    switch (shape) {
      case Shape.Reference(String definition, boolean granular) -> {
        out.writeByte(granular ? 5 : 0);
        out.writeShort(order.indexOf(definition));
      }
      case Shape.MapOf(Shape values, boolean atomic) -> {
        out.writeByte(1);
        out.writeBoolean(atomic);
        shape(out, values);
      }
      case Shape.ListOf(Shape items, String type, List<String> keys) -> {
        out.writeByte(2);
        string(out, type);
        strings(out, keys);
        shape(out, items);
      }
      case Shape.Scalar(String type, String format, List<String> enumeration, String name) -> {
        out.writeByte(3);
        string(out, type);
        string(out, format);
        strings(out, enumeration);
        string(out, name);
      }
      case Shape.Any(String wire) -> {
        out.writeByte(4);
        string(out, wire);
      }
    }
  }

  private void resources(DataOutputStream out) throws IOException {
    out.writeShort(resources.values().stream().mapToInt(List::size).sum());
    for (Map.Entry<String, List<Map<String, Object>>> group : resources.entrySet()) {
      int slash = group.getKey().indexOf('/');
      String name = slash < 0 ? "" : group.getKey().substring(0, slash);
      String version = group.getKey().substring(slash + 1);
      for (Map<String, Object> resource : group.getValue()) {
        resource(out, name, version, resource);
      }
    }
  }

  private void resource(
      DataOutputStream out, String group, String version, Map<String, Object> resource)
      throws IOException {
    String kind = text(resource, "kind", "");
    string(out, group);
    string(out, version);
    string(out, kind);
    string(out, text(resource, "resource", ""));
    string(out, text(resource, "singular", ""));
    strings(out, list(resource.get("short")));
    strings(out, list(resource.get("categories")));
    out.writeBoolean(text(resource, "scope", "").equals("Namespaced"));
    strings(out, list(resource.get("verbs")));
    List<?> subresources =
        resource.get("subresources") instanceof List<?> given ? given : List.of();
    out.writeByte(subresources.size());
    for (Object each : subresources) {
      Map<?, ?> subresource = (Map<?, ?>) each;
      String groupVersion =
          text(subresource, "version", group.isEmpty() ? version : group + "/" + version);
      int slash = groupVersion.indexOf('/');
      string(out, text(subresource, "name", ""));
      string(out, slash < 0 ? "" : groupVersion.substring(0, slash));
      string(out, groupVersion.substring(slash + 1));
      string(out, text(subresource, "kind", ""));
      strings(out, list(subresource.get("verbs")));
    }
    out.writeShort(order.indexOf(Model.definitionName(Generate.messageName(group, version, kind))));
  }

  private static String text(Map<?, ?> map, String key, String otherwise) {
    @Nullable Object value = map.get(key);
    return value == null ? otherwise : value.toString();
  }

  private static List<String> list(@Nullable Object value) {
    if (value == null) {
      return List.of();
    }
    if (value.equals("all")) {
      return ALL_VERBS;
    }
    return ((List<?>) value).stream().map(String::valueOf).toList();
  }

  private static void describe(DataOutputStream out, Shape.Struct struct) throws IOException {
    out.writeUTF(struct.name());
    out.writeUTF(struct.description());
    out.writeShort(struct.fields().size());
    for (Shape.Field field : struct.fields()) {
      out.writeUTF(field.name());
      out.writeUTF(field.description());
    }
  }
}
