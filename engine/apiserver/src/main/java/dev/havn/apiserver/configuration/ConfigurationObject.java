// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Reads an object of the group `apiserver.config.k8s.io` as kube-apiserver does: strictly, with
/// the same words for what is wrong.
public final class ConfigurationObject {
  private static final String VERSION = "apiserver.config.k8s.io/v1";
  private static final List<String> KINDS =
      List.of(
          "AdmissionConfiguration",
          "AuthenticationConfiguration",
          "AuthorizationConfiguration",
          "EncryptionConfiguration",
          "TracingConfiguration");

  private ConfigurationObject() {}

  /// The object that a YAML or JSON file holds.
  ///
  /// @param shape of its fields but `apiVersion` and `kind`
  /// @throws IllegalArgumentException in Kubernetes' words when it is no such object
  public static ObjectNode read(byte[] bytes, String kind, Map<String, Shape> shape) {
    Yaml.Document document;
    try {
      document = Yaml.document(bytes);
    } catch (CodecException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    ObjectNode object = typed(document.tree(), kind, bytes);
    Map<String, Shape> known = new TreeMap<>(shape);
    known.put("apiVersion", Shape.TEXT);
    known.put("kind", Shape.TEXT);
    List<String> unknown = Shape.fields(kind, known).unknownFields(object);
    List<String> problems = new ArrayList<>();
    if (!document.repeated().isEmpty()) {
      problems.add("yaml: unmarshal errors:\n  " + String.join("\n  ", document.repeated()));
    }
    problems.addAll(unknown);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("strict decoding error: " + String.join(", ", problems));
    }
    return object;
  }

  private static ObjectNode typed(JsonNode tree, String kind, byte[] bytes) {
    if (!(tree instanceof ObjectNode object)) {
      throw new IllegalArgumentException(
          "couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"
              .formatted(GoJson.type(tree)));
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    String given = object.path("kind").asText("");
    String version = object.path("apiVersion").asText("");
    if (given.isEmpty()) {
      throw new IllegalArgumentException("Object 'Kind' is missing in '" + text + "'");
    }
    if (version.isEmpty()) {
      throw new IllegalArgumentException("Object 'apiVersion' is missing in '" + text + "'");
    }
    if (!version.equals(VERSION) || !KINDS.contains(given)) {
      throw new IllegalArgumentException(
          "no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/runtime/scheme.go:111\""
              .formatted(given, version));
    }
    if (!given.equals(kind)) {
      throw new IllegalArgumentException("expected %s, got *apiserver.%s".formatted(kind, given));
    }
    return object;
  }
}
