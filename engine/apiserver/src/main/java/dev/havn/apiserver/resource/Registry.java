// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The resources that are served, by group, version and plural name: Kubernetes' own, and custom
/// ones that come and go.
///
/// Read by all threads, one volatile read for each question; changed by one.
public final class Registry {
  private final BuiltinTypes types;
  private final Set<String> builtinGroups = new HashSet<>();
  private volatile Served served;
  private Runnable changed = () -> {};

  /// What is served at one moment.
  private record Served(
      List<ResourceType> all, Map<String, ResourceType> byPath, Set<String> kinds) {

    static Served of(List<ResourceType> types) {
      Map<String, ResourceType> byPath = new LinkedHashMap<>();
      Set<String> kinds = new HashSet<>();
      for (ResourceType type : types) {
        // What Kubernetes has itself comes first and is not replaced.
        byPath.putIfAbsent(type.apiVersion() + "/" + type.plural(), type);
        kinds.add(type.apiVersion() + "/" + type.kind());
      }
      return new Served(List.copyOf(byPath.values()), byPath, kinds);
    }
  }

  public Registry(BuiltinTypes types) {
    this.types = types;
    types.resources().forEach(type -> builtinGroups.add(type.group()));
    this.served = Served.of(types.resources());
  }

  /// Serves these custom types from now on, in the place of those before.
  ///
  /// @param custom in the order of discovery
  public void serve(List<ResourceType> custom) {
    List<ResourceType> all = new ArrayList<>(types.resources());
    all.addAll(custom);
    served = Served.of(all);
    changed.run();
  }

  /// Runs `listener` after other types are served, on the thread that changes them. Called once,
  /// before the first change.
  public void onChange(Runnable listener) {
    changed = listener;
  }

  public @Nullable ResourceType find(String group, String version, String plural) {
    return served.byPath.get((group.isEmpty() ? version : group + "/" + version) + "/" + plural);
  }

  /// One that is known to be there.
  public ResourceType get(String apiVersion, String plural) {
    ResourceType type = served.byPath.get(apiVersion + "/" + plural);
    if (type == null) {
      throw new AssertionError("no resource " + apiVersion + "/" + plural);
    }
    return type;
  }

  boolean hasKind(String apiVersion, String kind) {
    return served.kinds.contains(apiVersion + "/" + kind);
  }

  /// Whether Kubernetes itself has the group.
  public boolean hasBuiltinGroup(String group) {
    return builtinGroups.contains(group);
  }

  /// All types in the order of discovery; the same list as long as nothing changes.
  public List<ResourceType> all() {
    return served.all;
  }

  /// The schema of a kind that is no resource of its own, such as `Scale` or `TokenRequest`.
  public Schema.@Nullable Struct struct(String definition) {
    return types.struct(definition);
  }

  /// Whether objects of this resource are kept at all; reviews and bindings only pass through.
  public static boolean isStored(ResourceType type) {
    return type.verbs().contains("list") && !type.plural().equals("componentstatuses");
  }

  /// The folder of custom resources of a name in a group. None of Kubernetes' own lies below it,
  /// whatever group a definition names.
  public static String customFolder(String group, String plural) {
    return "/registry/custom/" + group + "/" + plural + "/";
  }

  /// The folder of a resource in the store; versions of one resource share it.
  static String folder(ResourceType type) {
    if (type.custom() != null) {
      return customFolder(type.group(), type.plural());
    }
    String group = storageGroup(type);
    return "/registry/" + (group.isEmpty() ? "core" : group) + "/" + type.plural() + "/";
  }

  /// The group in which objects of a type are stored.
  static String storageGroup(ResourceType type) {
    return type.custom() == null && type.group().equals("events.k8s.io") ? "" : type.group();
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
