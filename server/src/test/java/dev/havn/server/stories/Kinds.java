// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.stories;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// What a cluster has kinds of, as it says itself.
final class Kinds {
  /// What nobody keeps, since it is made for whoever asks, and the addresses that every Service
  /// has.
  private static final Set<String> UNTOLD =
      Set.of("ComponentStatus", "IPAddress", "NodeMetrics", "PodMetrics");

  private final Map<String, Kind> kinds = new HashMap<>();

  /// @param base such as `/apis/apps/v1`
  record Kind(String base, String plural, boolean isNamespaced, Set<String> parts) {
    String path(String namespace, String name) {
      return base
          + (isNamespaced && !namespace.isEmpty() ? "/namespaces/" + namespace : "")
          + "/"
          + plural
          + (name.isEmpty() ? "" : "/" + name);
    }
  }

  Kinds(Api api) {
    add(api, "/api/v1");
    for (JsonNode group : api.get("/apis").path("groups")) {
      add(api, "/apis/" + group.path("preferredVersion").path("groupVersion").asText());
    }
  }

  private void add(Api api, String base) {
    JsonNode resources = api.get(base).path("resources");
    for (JsonNode each : resources) {
      String kind = each.path("kind").asText();
      String plural = each.path("name").asText();
      Set<String> verbs = new HashSet<>();
      each.path("verbs").forEach(verb -> verbs.add(verb.asText()));
      if (plural.contains("/") || !verbs.contains("list")) {
        continue;
      }
      Set<String> parts = new HashSet<>();
      for (JsonNode part : resources) {
        String name = part.path("name").asText();
        if (name.startsWith(plural + "/")) {
          parts.add(name.substring(plural.length() + 1));
        }
      }
      kinds.putIfAbsent(
          kind, new Kind(base, plural, each.path("namespaced").asBoolean(), Set.copyOf(parts)));
    }
  }

  Kind of(String kind) {
    return Objects.requireNonNull(kinds.get(kind), kind);
  }

  /// Those of which stories tell.
  List<String> names() {
    List<String> names = new ArrayList<>(kinds.keySet());
    names.removeAll(UNTOLD);
    return names;
  }
}
