// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.resources;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

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

  /// What was found, and what could not be asked: another server's group that is not there now
  /// takes nothing from the others.
  ///
  /// @param unavailable why, by group and version
  public record Found(List<Resource> resources, SortedMap<String, String> unavailable) {}

  /// @throws RuntimeException when the core group or the list of groups cannot be had
  public static Found discover(Api api) {
    List<Resource> resources = new ArrayList<>();
    SortedMap<String, String> unavailable = new TreeMap<>();
    add(api, "/api/v1", "v1", resources);
    for (JsonNode group : api.get("/apis").path("groups")) {
      String preferred = group.path("preferredVersion").path("groupVersion").asText();
      if (preferred.startsWith("events.k8s.io/")) {
        continue;
      }
      List<String> versions = new ArrayList<>(List.of(preferred));
      group.path("versions").forEach(each -> versions.add(each.path("groupVersion").asText()));
      List<Resource> ofGroup = new ArrayList<>();
      for (String version : new LinkedHashSet<>(versions)) {
        try {
          addMissing(api, version, ofGroup);
        } catch (Api.RefusedException | UncheckedIOException e) {
          unavailable.put(version, String.valueOf(e.getMessage()));
        }
      }
      resources.addAll(ofGroup);
    }
    return new Found(resources, unavailable);
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
