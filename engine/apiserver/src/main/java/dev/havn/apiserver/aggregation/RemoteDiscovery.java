// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Adds remote groups to what this server says of itself.
final class RemoteDiscovery {
  private RemoteDiscovery() {}

  /// The remote APIs by group, groups and their versions in the order of discovery.
  private static Map<String, List<Described>> byGroup(Collection<Described> remotes) {
    Map<String, List<Described>> groups = new LinkedHashMap<>();
    remotes.stream()
        .sorted(
            Comparator.comparing((Described each) -> -each.api().groupPriority())
                .thenComparing(each -> each.api().group())
                .thenComparing(each -> -each.api().versionPriority())
                .thenComparing(each -> each.api().version(), Comparator.reverseOrder()))
        .forEach(
            each -> groups.computeIfAbsent(each.api().group(), _ -> new ArrayList<>()).add(each));
    return groups;
  }

  /// Completes an answer of discovery or the index of OpenAPI documents; others stay as they are.
  static void complete(ObjectNode answer, Collection<Described> remotes) {
    switch (answer.path("kind").asText()) {
      case "APIGroupList" ->
          byGroup(remotes)
              .forEach(
                  (group, all) -> {
                    ObjectNode entry =
                        place(answer.withArrayProperty("groups"), "name", group, all);
                    entry.put("name", group);
                    plain(entry, all);
                  });
      case "APIGroupDiscoveryList" ->
          byGroup(remotes)
              .forEach(
                  (group, all) -> {
                    ObjectNode entry =
                        place(answer.withArrayProperty("items"), "metadata/name", group, all);
                    entry.withObjectProperty("metadata").put("name", group);
                    all.forEach(each -> version(entry.withArrayProperty("versions"), each));
                  });
      default -> {
        if (answer.path("paths").isObject()) {
          remotes.forEach(each -> openApi((ObjectNode) answer.get("paths"), each));
        }
      }
    }
  }

  /// The plain description of a group.
  static ObjectNode group(String name, Collection<Described> remotes) {
    ObjectNode group =
        JsonNodeFactory.instance.objectNode().put("kind", "APIGroup").put("apiVersion", "v1");
    plain(group.put("name", name), byGroup(remotes).getOrDefault(name, List.of()));
    return group;
  }

  private static void plain(ObjectNode group, List<Described> all) {
    ArrayNode versions = group.withArrayProperty("versions");
    for (Described each : all) {
      versions
          .addObject()
          .put("groupVersion", each.api().groupVersion())
          .put("version", each.api().version());
    }
    if (!group.has("preferredVersion")) {
      group.set("preferredVersion", versions.path(0).deepCopy());
    }
  }

  /// The entry of a group: the one that is there, or a new one where its priority puts it.
  private static ObjectNode place(ArrayNode entries, String at, String group, List<Described> all) {
    int priority = all.getFirst().api().groupPriority();
    int place = entries.size();
    for (int i = entries.size() - 1; i >= 0; i--) {
      String name = entries.get(i).at("/" + at).asText();
      if (name.equals(group)) {
        return (ObjectNode) entries.get(i);
      }
      if (LocalApis.priority(name) < priority) {
        place = i;
      }
    }
    ObjectNode fresh = entries.objectNode();
    entries.insert(place, fresh);
    return fresh;
  }

  private static void version(ArrayNode versions, Described remote) {
    ObjectNode version = versions.addObject().put("version", remote.api().version());
    JsonNode resources = remote.documents().resources();
    if (resources != null) {
      version.set("resources", resources);
    }
    version.put("freshness", remote.isAvailable() && resources != null ? "Current" : "Stale");
  }

  private static void openApi(ObjectNode paths, Described remote) {
    String url = remote.documents().openApi();
    if (remote.isAvailable() && url != null) {
      paths.putObject("apis/" + remote.api().groupVersion()).put("serverRelativeURL", url);
    }
  }

  /// The resources of a plain `APIResourceList` as aggregated discovery has them.
  static ArrayNode aggregated(JsonNode list) {
    ArrayNode resources = JsonNodeFactory.instance.arrayNode();
    String[] own = list.path("groupVersion").asText().split("/", 2);
    Map<String, ObjectNode> byName = new LinkedHashMap<>();
    for (JsonNode each : list.path("resources")) {
      String[] name = each.path("name").asText().split("/", 2);
      if (name.length == 1) {
        ObjectNode resource = resources.addObject().put("resource", name[0]);
        kind(resource, each, own);
        resource.put("scope", each.path("namespaced").asBoolean() ? "Namespaced" : "Cluster");
        resource.put("singularResource", each.path("singularName").asText());
        for (String field : List.of("verbs", "shortNames", "categories")) {
          if (each.has(field)) {
            resource.set(field, each.get(field));
          }
        }
        byName.put(name[0], resource);
      } else if (byName.containsKey(name[0])) {
        ObjectNode below =
            byName
                .get(name[0])
                .withArrayProperty("subresources")
                .addObject()
                .put("subresource", name[1]);
        kind(below, each, own);
        below.set("verbs", each.path("verbs"));
      }
    }
    return resources;
  }

  private static void kind(ObjectNode owner, JsonNode resource, String[] own) {
    owner
        .putObject("responseKind")
        .put("group", resource.path("group").asText(own[0]))
        .put("version", resource.path("version").asText(own.length > 1 ? own[1] : ""))
        .put("kind", resource.path("kind").asText());
  }
}
