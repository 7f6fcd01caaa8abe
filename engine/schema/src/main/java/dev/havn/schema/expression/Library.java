// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.common.types.TypeParamType;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Types and functions that Kubernetes adds to the language: `library.yaml`.
final class Library {
  private static final Pattern FUNCTION =
      Pattern.compile("(?:(.+)\\.)?([A-Za-z0-9]+)\\(([^()]*)\\) (.+)");
  private static final Pattern GENERIC = Pattern.compile("(list|map|optional)\\((.*)\\)");
  private static final Map<String, CelType> SIMPLE =
      Map.of(
          "bool", SimpleType.BOOL,
          "int", SimpleType.INT,
          "double", SimpleType.DOUBLE,
          "string", SimpleType.STRING,
          "duration", SimpleType.DURATION,
          "timestamp", SimpleType.TIMESTAMP,
          "dyn", SimpleType.DYN,
          "T", TypeParamType.create("T"));

  /// Names that stand before functions and are no types.
  private static final List<String> NAMESPACES = List.of("ip", "format", "jsonpatch");

  private final Map<String, StructType> types = new HashMap<>();
  private final List<CelFunctionDecl> functions = new ArrayList<>();

  static Library load() {
    try (InputStream in = Library.class.getResourceAsStream("library.yaml")) {
      if (in == null) {
        throw new AssertionError("library.yaml is not on the class path");
      }
      return new Library(Yaml.read(in.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException("library.yaml", e);
    }
  }

  private Library(JsonNode content) {
    for (Map.Entry<String, JsonNode> each : content.path("types").properties()) {
      ImmutableMap.Builder<String, CelType> fields = ImmutableMap.builder();
      each.getValue()
          .properties()
          .forEach(field -> fields.put(field.getKey(), type(field.getValue().asText())));
      types.put(each.getKey(), Types.struct(each.getKey(), fields.build()));
    }
    Map<String, List<CelOverloadDecl>> overloads = new LinkedHashMap<>();
    for (JsonNode each : content.path("functions")) {
      add(each.asText(), overloads);
    }
    overloads.forEach(
        (name, decls) -> functions.add(CelFunctionDecl.newFunctionDeclaration(name, decls)));
  }

  Map<String, StructType> types() {
    return types;
  }

  List<CelFunctionDecl> functions() {
    return functions;
  }

  private void add(String text, Map<String, List<CelOverloadDecl>> overloads) {
    Matcher matcher = FUNCTION.matcher(text);
    if (!matcher.matches()) {
      throw new AssertionError("library.yaml: " + text);
    }
    String owner = matcher.group(1) == null ? "" : matcher.group(1);
    boolean qualified = NAMESPACES.contains(owner);
    List<CelType> arguments = new ArrayList<>();
    if (!owner.isEmpty() && !qualified) {
      arguments.add(type(owner));
    }
    for (String each : matcher.group(3).split(",")) {
      if (!each.isEmpty()) {
        arguments.add(type(each));
      }
    }
    String name = qualified ? owner + "." + matcher.group(2) : matcher.group(2);
    CelType result = type(matcher.group(4));
    String id = "kubernetes " + text;
    overloads
        .computeIfAbsent(name, _ -> new ArrayList<>())
        .add(
            owner.isEmpty() || qualified
                ? CelOverloadDecl.newGlobalOverload(id, result, arguments)
                : CelOverloadDecl.newMemberOverload(id, result, arguments));
  }

  CelType type(String name) {
    CelType simple = SIMPLE.get(name);
    if (simple != null) {
      return simple;
    }
    Matcher generic = GENERIC.matcher(name);
    if (!generic.matches()) {
      StructType struct = types.get(name);
      if (struct == null) {
        throw new AssertionError("library.yaml has no type " + name);
      }
      return struct;
    }
    String inner = generic.group(2);
    return switch (generic.group(1)) {
      case "list" -> ListType.create(type(inner));
      case "optional" -> OptionalType.create(type(inner));
      default -> {
        int comma = inner.indexOf(',');
        yield MapType.create(type(inner.substring(0, comma)), type(inner.substring(comma + 1)));
      }
    };
  }
}
