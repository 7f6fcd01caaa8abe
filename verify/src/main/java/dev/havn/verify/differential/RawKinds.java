// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.custom.Converter;
import dev.havn.schema.custom.Definition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// What raw requests are about: Kubernetes' own kinds and two custom ones.
///
/// @param types all that is served
/// @param seeds right objects of them
/// @param setup makes the custom kinds, the namespaces and what else is taken to be there; sent
///   again in between, since the requests delete it
record RawKinds(List<ResourceType> types, List<Seeds.Seed> seeds, List<Answers.Call> setup) {

  static RawKinds of(BuiltinTypes builtin) {
    List<ResourceType> types = new ArrayList<>(builtin.resources());
    List<Answers.Call> setup = new ArrayList<>();
    new Generator(builtin).setup().steps().forEach(step -> setup.add(step.call()));
    for (String text : documents("setup")) {
      ObjectNode object = (ObjectNode) Yaml.read(text.getBytes(StandardCharsets.UTF_8));
      ResourceType type = typeOf(builtin.resources(), object);
      String namespace = object.path("metadata").path("namespace").asText();
      setup.add(
          new Answers.Call(
              "POST",
              (type.group().isEmpty() ? "/api/" : "/apis/")
                  + type.apiVersion()
                  + (type.namespaced() ? "/namespaces/" + namespace : "")
                  + "/"
                  + type.plural(),
              Target.JSON,
              object.toString()));
      if (type.kind().equals("CustomResourceDefinition")) {
        types.addAll(custom(builtin, object));
      }
    }
    List<Seeds.Seed> seeds = new ArrayList<>(Seeds.load(builtin).all());
    for (String text : documents("seeds")) {
      JsonNode object = Yaml.read(text.getBytes(StandardCharsets.UTF_8));
      seeds.add(new Seeds.Seed(typeOf(types, object), text));
    }
    return new RawKinds(List.copyOf(types), List.copyOf(seeds), List.copyOf(setup));
  }

  private static List<ResourceType> custom(BuiltinTypes builtin, ObjectNode definition) {
    ObjectNode established = definition.deepCopy();
    ObjectNode status = established.putObject("status");
    status.set("acceptedNames", definition.path("spec").path("names"));
    status.putArray("conditions").addObject().put("type", "Established").put("status", "True");
    Schema.Struct any = typeOf(builtin.resources(), definition).schema();
    Schema.Field metadata = Objects.requireNonNull(any.field("metadata"));
    return Definition.types(established, (Schema.Struct) metadata.schema(), Converter.NONE);
  }

  private static ResourceType typeOf(List<ResourceType> types, JsonNode object) {
    String apiVersion = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    return types.stream()
        .filter(each -> each.apiVersion().equals(apiVersion) && each.kind().equals(kind))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no resource of " + apiVersion + " " + kind));
  }

  private static List<String> documents(String file) {
    String name = "fuzzing/" + file + ".yaml";
    try (InputStream in = RawKinds.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new AssertionError(name + " is not on the class path");
      }
      return List.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n---\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }
}
