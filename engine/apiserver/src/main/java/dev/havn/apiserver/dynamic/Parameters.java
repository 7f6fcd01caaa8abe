// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.LabelSelection;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.expression.Values;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The parameters with which a binding puts a policy in force.
final class Parameters {
  private final Objects objects;

  Parameters(Objects objects) {
    this.objects = objects;
  }

  /// Why a binding cannot be used.
  static final class UnusableException extends RuntimeException {
    UnusableException(String why) {
      super(why);
    }
  }

  /// Each to be evaluated with; one null when the policy has none.
  ///
  /// @throws UnusableException when there should be some and are none
  List<Object> of(Policy policy, Policy.Binding binding, String namespace) {
    JsonNode reference = binding.reference();
    if (!policy.parameters().isObject() || !reference.isObject()) {
      return List.of(Values.of(null));
    }
    ResourceType type = type(policy.parameters());
    List<Object> found = new ArrayList<>();
    for (ObjectNode each : candidates(type, reference, namespace)) {
      found.add(Values.of(each));
    }
    boolean denies = reference.path("parameterNotFoundAction").asText("").equals("Deny");
    if (found.isEmpty() && denies) {
      throw new UnusableException(
          "no params found for policy binding with `Deny` parameterNotFoundAction");
    }
    return found;
  }

  private List<ObjectNode> candidates(ResourceType type, JsonNode reference, String namespace) {
    String named = reference.path("namespace").asText("");
    if (!type.namespaced() && !named.isEmpty()) {
      throw new UnusableException(
          "paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
    }
    String place = named.isEmpty() ? namespace : named;
    if (type.namespaced() && place.isEmpty()) {
      throw new UnusableException(
          "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
    }
    String in = type.namespaced() ? place : "";
    String name = reference.path("name").asText("");
    if (!name.isEmpty()) {
      @Nullable ObjectNode one = objects.read(type.apiVersion(), type.plural(), in, name);
      return one == null ? List.of() : List.of(one);
    }
    return objects.list(type.apiVersion(), type.plural(), in).stream()
        .filter(
            each ->
                LabelSelection.matches(
                    reference.path("selector"), each.path("metadata").path("labels")))
        .toList();
  }

  private ResourceType type(JsonNode kind) {
    for (ResourceType each : objects.registry().all()) {
      if (each.kind().equals(kind.path("kind").asText())
          && each.apiVersion().equals(kind.path("apiVersion").asText())) {
        return each;
      }
    }
    throw new UnusableException(
        "failed to find resource referenced by paramKind: '%s, Kind=%s'"
            .formatted(groupVersion(kind), kind.path("kind").asText()));
  }

  private static String groupVersion(JsonNode kind) {
    String version = kind.path("apiVersion").asText();
    return version.contains("/") ? version : "/" + version;
  }
}
