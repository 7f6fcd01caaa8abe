// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Objects written by hand that Kubernetes takes, at least one of every kind that can be created.
/// All else is made from them.
final class Seeds {
  private static final List<String> FILES =
      List.of("core", "pods", "apps", "batch", "networking", "storage", "extension");

  private final List<Seed> all;

  private Seeds(List<Seed> all) {
    this.all = all;
  }

  /// One object as text with places for `{name}` and `{ns}`.
  record Seed(ResourceType type, String text) {

    ObjectNode object(String name) {
      String filled = text.replace("{name}", name).replace("{ns}", namespace());
      return (ObjectNode) Yaml.read(filled.getBytes(StandardCharsets.UTF_8));
    }

    /// One for each kind, so that quotas and limits of one do not touch another.
    String namespace() {
      return "of-" + type.plural();
    }
  }

  static Seeds load(BuiltinTypes types) {
    List<Seed> seeds = new ArrayList<>();
    for (String file : FILES) {
      for (String text : Arrays.asList(read(file).split("\n---\n"))) {
        ObjectNode object = (ObjectNode) Yaml.read(text.getBytes(StandardCharsets.UTF_8));
        seeds.add(new Seed(type(types, object), text));
      }
    }
    return new Seeds(List.copyOf(seeds));
  }

  private static String read(String file) {
    String name = "seeds/" + file + ".yaml";
    try (InputStream in = Seeds.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new AssertionError(name + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }

  private static ResourceType type(BuiltinTypes types, ObjectNode object) {
    String apiVersion = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    return types.resources().stream()
        .filter(each -> each.apiVersion().equals(apiVersion) && each.kind().equals(kind))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no resource of " + apiVersion + " " + kind));
  }

  List<Seed> all() {
    return all;
  }

  /// Those of a kind; an object with nothing but a name where none is written.
  List<Seed> of(ResourceType type) {
    List<Seed> found = all.stream().filter(each -> each.type() == type).toList();
    String bare = "{apiVersion: %s, kind: %s, metadata: {name: '{name}'}}";
    return found.isEmpty()
        ? List.of(new Seed(type, bare.formatted(type.apiVersion(), type.kind())))
        : found;
  }
}
