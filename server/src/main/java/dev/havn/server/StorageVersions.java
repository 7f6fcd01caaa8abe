// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Registry;
import dev.havn.controllers.storageversions.StorageVersion;
import dev.havn.reconcile.Api;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a server says of the versions in which it keeps the resources of Kubernetes, in one object
/// for each of them (KEP-2339).
final class StorageVersions {
  static final String API_VERSION = "internal.apiserver.k8s.io/v1alpha1";

  private static final int ATTEMPTS_MAX = 5;

  private final Api api;
  private final String server;
  private final BuiltinTypes types;
  private final InstantSource clock;

  StorageVersions(Api api, String server, BuiltinTypes types, InstantSource clock) {
    this.api = api;
    this.server = server;
    this.types = types;
    this.clock = clock;
  }

  /// Writes what is not said yet.
  void say() {
    entries(types.resources(), server).forEach(this::say);
  }

  private void say(String name, ObjectNode entry) {
    for (int attempt = 1; ; attempt++) {
      try {
        sayOnce(name, entry);
        return;
      } catch (Api.RefusedException e) {
        // Other servers write into the same objects.
        if (e.code() != 409 || attempt == ATTEMPTS_MAX) {
          throw e;
        }
      }
    }
  }

  private void sayOnce(String name, ObjectNode entry) {
    String path = StorageVersion.PATH + "/" + name;
    JsonNode found = api.find(path).orElseGet(() -> create(name));
    ObjectNode object = found.deepCopy();
    ArrayNode said = object.withObjectProperty("status").withArrayProperty("storageVersions");
    replace(said, entry);
    StorageVersion.conclude(object, clock.instant());
    if (!object.equals(found)) {
      api.update(path + "/status", object);
    }
  }

  private JsonNode create(String name) {
    ObjectNode object = Api.object();
    object.put("kind", "StorageVersion").put("apiVersion", API_VERSION);
    object.putObject("metadata").put("name", name);
    return api.create(StorageVersion.PATH, object.toString());
  }

  private static void replace(ArrayNode said, ObjectNode entry) {
    for (int i = 0; i < said.size(); i++) {
      if (said.get(i).path("apiServerID").equals(entry.path("apiServerID"))) {
        said.set(i, entry);
        return;
      }
    }
    said.add(entry);
  }

  /// What a server says of each resource that is stored, by the name of the object.
  static Map<String, ObjectNode> entries(List<ResourceType> types, String server) {
    Map<String, List<String>> versions = new TreeMap<>();
    for (ResourceType type : types) {
      if (Registry.isStored(type)) {
        String group = type.group().isEmpty() ? "core" : type.group();
        versions
            .computeIfAbsent(group + "." + type.plural(), _ -> new ArrayList<>())
            .add(type.apiVersion());
      }
    }
    // Events are kept as those of the core group, whichever way they come.
    @Nullable List<String> alike = versions.remove("events.k8s.io.events");
    Map<String, ObjectNode> entries = new TreeMap<>();
    versions.forEach(
        (name, served) -> {
          ObjectNode entry = Api.object().put("apiServerID", server);
          entry.put("encodingVersion", served.getFirst());
          ArrayNode decodable = entry.putArray("decodableVersions");
          served.forEach(decodable::add);
          if (name.equals("core.events") && alike != null) {
            alike.forEach(decodable::add);
          }
          served.forEach(entry.putArray("servedVersions")::add);
          entries.put(name, entry);
        });
    return entries;
  }
}
