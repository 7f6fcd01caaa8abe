// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// Where a claim's first bytes come from: an older field that takes claims and snapshots only, and
/// a newer one that takes anything. Whichever is set means the other, too.
final class ClaimSources {
  private ClaimSources() {}

  /// @param before the spec of the claim that is changed
  static void prepare(ObjectNode spec, @Nullable JsonNode before) {
    boolean named = before != null && before.path("dataSourceRef").has("namespace");
    if (!named && spec.path("dataSourceRef").has("namespace")) {
      // Nothing comes from another namespace unless that feature is turned on.
      spec.remove("dataSourceRef");
    }
    boolean hadOne = before != null && before.has("dataSource");
    if (!hadOne && !spec.has("dataSourceRef") && !isLegacy(spec.path("dataSource"))) {
      spec.remove("dataSource");
    }
    if (spec.get("dataSource") instanceof ObjectNode source && !spec.has("dataSourceRef")) {
      spec.set("dataSourceRef", source.deepCopy());
    } else if (spec.get("dataSourceRef") instanceof ObjectNode reference
        && reference.path("namespace").asText("").isEmpty()
        && !spec.has("dataSource")) {
      spec.set("dataSource", reference.deepCopy().without("namespace"));
    }
  }

  private static boolean isLegacy(JsonNode source) {
    String group = source.path("apiGroup").asText("");
    String kind = source.path("kind").asText("");
    return group.isEmpty() && kind.equals("PersistentVolumeClaim")
        || group.equals("snapshot.storage.k8s.io") && kind.equals("VolumeSnapshot");
  }
}
