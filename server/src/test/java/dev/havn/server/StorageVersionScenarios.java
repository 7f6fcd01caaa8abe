// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.storageversions.StorageVersion;
import dev.havn.controllers.storageversions.StorageVersionGarbage;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Of servers that say in which versions they keep what, and go.
final class StorageVersionScenarios {
  static final String VERSIONS = StorageVersion.PATH;
  private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

  private StorageVersionScenarios() {}

  private static Act lease(String server, String identity) {
    return place ->
        place.create(
            LEASES,
            """
            apiVersion: coordination.k8s.io/v1
            kind: Lease
            metadata: {name: NS-%s, labels: {%s: %s}}
            spec: {holderIdentity: NS-%1$s, leaseDurationSeconds: 3600, renewTime: '2100-01-01T00:00:00.000000Z'}
            """
                .formatted(server, StorageVersionGarbage.IDENTITY, identity));
  }

  /// @param said such as `one v1`: a server and the version in which it keeps the resource
  private static Act say(String group, String... said) {
    return place -> {
      String name = "NS-" + group + ".things";
      place.create(
          VERSIONS,
          """
          apiVersion: internal.apiserver.k8s.io/v1alpha1
          kind: StorageVersion
          metadata: {name: %s}
          spec: {}
          """
              .formatted(name));
      place.patch(
          VERSIONS + "/" + name + "/status",
          "status: {storageVersions: [%s]%s}"
              .formatted(
                  Stream.of(said)
                      .map(each -> each.split(" "))
                      .map(
                          each ->
                              "{apiServerID: NS-%s, encodingVersion: %s, decodableVersions: [v1, v2], servedVersions: [v1]}"
                                  .formatted(each[0], each[1]))
                      .collect(Collectors.joining(", ")),
                  Stream.of(said).map(each -> each.split(" ")[1]).distinct().count() == 1
                      ? ", commonEncodingVersion: " + said[0].split(" ")[1]
                      : ""));
    };
  }

  private static Map<String, String> facts(Place place) {
    Map<String, String> facts = new TreeMap<>();
    for (JsonNode each : place.list(VERSIONS)) {
      JsonNode status = each.path("status");
      facts.put(
          place.plain(Scenario.nameOf(each)),
          place.plain(status.path("storageVersions").findValuesAsText("apiServerID").toString())
              + " "
              + status.path("commonEncodingVersion").asText("different")
              + " "
              + status.path("conditions").findValuesAsText("reason"));
    }
    return facts;
  }

  /// Of three servers one goes, one is none, and one has never been there.
  static Scenario garbage() {
    String server = StorageVersionGarbage.SERVER;
    return Scenario.of(
        StorageVersionScenarios::facts,
        lease("one", server),
        lease("two", server),
        lease("three", server),
        lease("other", "something-else"),
        say("differs", "one v1", "two v2", "three v1"),
        say("gone", "nobody v1"),
        say("half", "other v1", "two v1"),
        say("leaves", "one v1"),
        Scenario.delete(LEASES + "/NS-one"),
        say("late", "one v1", "three v1"),
        Scenario.delete(LEASES + "/NS-three"));
  }
}
