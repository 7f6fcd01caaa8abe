// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The resources that are served, by group, version and plural name.
public final class Registry {
  private final BuiltinTypes types;
  private final Map<String, ResourceType> byPath = new LinkedHashMap<>();

  public Registry(BuiltinTypes types) {
    this.types = types;
    types.resources().forEach(type -> byPath.put(type.apiVersion() + "/" + type.plural(), type));
  }

  public @Nullable ResourceType find(String group, String version, String plural) {
    return byPath.get((group.isEmpty() ? version : group + "/" + version) + "/" + plural);
  }

  /// One that is known to be there.
  public ResourceType get(String apiVersion, String plural) {
    ResourceType type = byPath.get(apiVersion + "/" + plural);
    if (type == null) {
      throw new AssertionError("no resource " + apiVersion + "/" + plural);
    }
    return type;
  }

  boolean hasKind(String apiVersion, String kind) {
    return byPath.values().stream()
        .anyMatch(type -> type.apiVersion().equals(apiVersion) && type.kind().equals(kind));
  }

  public boolean hasGroup(String group) {
    return byPath.values().stream().anyMatch(type -> type.group().equals(group));
  }

  public List<ResourceType> all() {
    return List.copyOf(byPath.values());
  }

  /// The schema of a kind that is no resource of its own, such as `Scale` or `TokenRequest`.
  public Schema.@Nullable Struct struct(String definition) {
    return types.struct(definition);
  }

  /// Whether objects of this resource are kept at all; reviews and bindings only pass through.
  public static boolean isStored(ResourceType type) {
    return type.verbs().contains("list") && !type.plural().equals("componentstatuses");
  }

  /// The folder of a resource in the store; versions of one resource share it.
  static String folder(ResourceType type) {
    String group = storageGroup(type);
    return "/registry/" + (group.isEmpty() ? "core" : group) + "/" + type.plural() + "/";
  }

  /// The group in which objects of a type are stored.
  static String storageGroup(ResourceType type) {
    return type.group().equals("events.k8s.io") ? "" : type.group();
  }

  /// How Kubernetes calls the folder of a resource in its own store, as some messages say.
  static String storageName(ResourceType type) {
    return switch (type.plural()) {
      case "services" -> "services/specs";
      case "endpoints" -> "services/endpoints";
      case "nodes" -> "minions";
      case "ingresses" -> "ingress";
      case "replicationcontrollers" -> "controllers";
      default -> type.plural();
    };
  }

  static String key(ResourceType type, String namespace, String name) {
    return type.namespaced() ? folder(type) + namespace + "/" + name : folder(type) + name;
  }
}
