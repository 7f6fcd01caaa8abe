// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.resources;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What the API serves, found by discovery: each resource once, in its group's preferred version if
/// it is there in that.
public final class Resources {
  private Resources() {}

  /// @param plural such as `pods`
  public record Resource(
      String apiVersion, String plural, String kind, boolean namespaced, Set<String> verbs) {
    /// The collection; of all namespaces when `namespace` is empty.
    public String path(String namespace) {
      return (apiVersion.indexOf('/') < 0 ? "/api/" : "/apis/")
          + apiVersion
          + (namespace.isEmpty() || !namespaced ? "/" : "/namespaces/" + namespace + "/")
          + plural;
    }

    public String qualifiedName() {
      int slash = apiVersion.indexOf('/');
      return slash < 0 ? plural + "." : plural + "." + apiVersion.substring(0, slash);
    }
  }

  public static List<Resource> discover(Api api) {
    List<Resource> resources = new ArrayList<>();
    add(api, "/api/v1", "v1", resources);
    for (JsonNode group : api.get("/apis").path("groups")) {
      String preferred = group.path("preferredVersion").path("groupVersion").asText();
      if (preferred.startsWith("events.k8s.io/")) {
        continue;
      }
      List<Resource> ofGroup = new ArrayList<>();
      add(api, "/apis/" + preferred, preferred, ofGroup);
      for (JsonNode each : group.path("versions")) {
        String version = each.path("groupVersion").asText();
        if (!version.equals(preferred)) {
          addMissing(api, version, ofGroup);
        }
      }
      resources.addAll(ofGroup);
    }
    return resources;
  }

  /// Adds what a version has and those before have not.
  private static void addMissing(Api api, String version, List<Resource> resources) {
    Set<String> known = new HashSet<>();
    resources.forEach(each -> known.add(each.plural()));
    List<Resource> found = new ArrayList<>();
    add(api, "/apis/" + version, version, found);
    found.stream().filter(each -> !known.contains(each.plural())).forEach(resources::add);
  }

  private static void add(Api api, String path, String apiVersion, List<Resource> resources) {
    for (JsonNode each : api.get(path).path("resources")) {
      String name = each.path("name").asText();
      Set<String> verbs = new HashSet<>();
      each.path("verbs").forEach(verb -> verbs.add(verb.asText()));
      if (!name.contains("/") && verbs.contains("list")) {
        resources.add(
            new Resource(
                apiVersion,
                name,
                each.path("kind").asText(),
                each.path("namespaced").asBoolean(),
                verbs));
      }
    }
  }
}
