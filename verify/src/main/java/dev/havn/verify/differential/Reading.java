// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.util.List;
import java.util.random.RandomGenerator;

/// Requests that change nothing: get, list, watch, in the forms and with the options that
/// Kubernetes has, some of them wrong.
final class Reading {
  private static final String TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
  private static final String METADATA =
      "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
  private static final String METADATA_LIST =
      "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

  private static final List<String> VERSIONS =
      List.of("0", "x", "-1", "{resourceVersion}", "99999999", "");

  private final RandomGenerator random;
  private final Target target;

  Reading(RandomGenerator random, Target target) {
    this.random = random;
    this.target = target;
  }

  Script.Step list() {
    String mine = target.selector();
    String query =
        switch (random.nextInt(20)) {
          case 0 -> mine + "&fieldSelector=metadata.name%3D" + target.name();
          case 1 -> mine + "&fieldSelector=spec.nothing%3D1";
          case 2 -> "labelSelector=a%20in%20b";
          case 3 -> "labelSelector=%3D%3D";
          case 4 -> mine + "&limit=-1";
          case 5 -> mine + "&resourceVersion=" + listVersion();
          case 6 -> mine + "&fieldSelector=x";
          case 7 -> mine + "&resourceVersionMatch=" + match();
          case 8 -> mine + "&resourceVersionMatch=" + match() + "&resourceVersion=" + listVersion();
          case 9 -> mine + "&continue=" + List.of("x", "e30", "%7B%7D").get(random.nextInt(3));
          case 10 -> mine + "&limit=" + List.of("1", "0", "x", "").get(random.nextInt(4));
          case 11 -> mine + "&timeoutSeconds=" + List.of("3", "x", "").get(random.nextInt(3));
          case 12 -> mine + "&sendInitialEvents=true";
          case 13 -> mine + "&fieldSelector=metadata.name!%3D" + target.name();
          case 14 -> mine + "&fieldSelector=metadata.namespace%3Dof-" + target.type().plural();
          case 15 -> mine + "&unknown=1&pretty=true";
          case 16 -> "labelSelector=differential%20in%20(" + target.label() + ",a),!nothing";
          case 17 -> "labelSelector=" + "a".repeat(70) + "%3Da," + "differential%3D!";
          case 18 -> "labelSelector=differential%20notin%20(a),differential%3D" + target.label();
          default -> mine;
        };
    String path = random.nextInt(8) == 0 ? target.everywhere() : target.collection();
    return read("list", path + "?" + query, METADATA_LIST);
  }

  Script.Step get() {
    String query =
        switch (random.nextInt(8)) {
          case 0 -> "?resourceVersion=" + listVersion();
          case 1 -> "?pretty=x&unknown=1";
          default -> "";
        };
    String path = random.nextInt(10) == 0 ? target.item() + "-other" : target.item();
    return read("get", path + query, METADATA);
  }

  /// A watch of this one object, for a second at most.
  Script.Step watch() {
    String mine = "watch=1&timeoutSeconds=1&" + target.selector();
    String query =
        switch (random.nextInt(8)) {
          case 0 -> mine + "&resourceVersion=0";
          case 1 -> mine + "&resourceVersion={resourceVersion}";
          case 2 -> mine + "&resourceVersion=x";
          case 3 -> mine + "&resourceVersionMatch=NotOlderThan";
          case 4 -> mine + "&sendInitialEvents=true";
          case 5 -> mine + "&sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
          case 6 ->
              mine
                  + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                  + "&allowWatchBookmarks=true";
          default -> mine + "&resourceVersion=0&fieldSelector=metadata.name%3D" + target.name();
        };
    return Target.step("watch", "GET", target.collection() + "?" + query, Target.JSON, "");
  }

  private Script.Step read(String shows, String path, String metadata) {
    String accept =
        switch (random.nextInt(14)) {
          case 0 -> TABLE;
          case 1 -> metadata;
          case 2 -> TABLE.replace("v1;", "v1beta1;") + "," + Target.JSON;
          case 3 -> random.nextBoolean() ? "text/csv" : Target.JSON + ";as=Bogus;v=v1;g=x";
          default -> Target.JSON;
        };
    return new Script.Step(shows, new Answers.Call("GET", path, Target.JSON, "", accept));
  }

  private String listVersion() {
    return VERSIONS.get(random.nextInt(VERSIONS.size()));
  }

  private String match() {
    return List.of("Exact", "NotOlderThan", "Bogus").get(random.nextInt(3));
  }
}
