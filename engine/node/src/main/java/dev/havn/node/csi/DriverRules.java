// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a CSIDriver says of a driver; a driver without one is as if it had the usual values.
///
/// @param modes for which its volumes may be used, null when nobody says
/// @param groupPolicy `File`, `None` or `ReadWriteOnceWithFSType`
record DriverRules(
    boolean attachRequired,
    boolean podInfo,
    boolean republish,
    String groupPolicy,
    @Nullable List<String> modes,
    List<TokenRequest> tokens,
    boolean tokensInSecrets) {

  /// @param seconds null for what the API chooses
  record TokenRequest(String audience, @Nullable Long seconds) {}

  static DriverRules of(CsiApi api, String driver) {
    Optional<JsonNode> found = api.find("/apis/storage.k8s.io/v1/csidrivers/" + driver);
    if (found.isEmpty()) {
      return new DriverRules(true, false, false, "ReadWriteOnceWithFSType", null, List.of(), false);
    }
    JsonNode spec = found.get().path("spec");
    List<String> modes = new ArrayList<>();
    spec.path("volumeLifecycleModes").forEach(each -> modes.add(each.asText()));
    List<TokenRequest> tokens = new ArrayList<>();
    for (JsonNode each : spec.path("tokenRequests")) {
      JsonNode seconds = each.path("expirationSeconds");
      tokens.add(
          new TokenRequest(
              each.path("audience").asText(""), seconds.isNumber() ? seconds.longValue() : null));
    }
    return new DriverRules(
        spec.path("attachRequired").asBoolean(true),
        spec.path("podInfoOnMount").asBoolean(false),
        spec.path("requiresRepublish").asBoolean(false),
        spec.path("fsGroupPolicy").asText("ReadWriteOnceWithFSType"),
        modes.isEmpty() ? List.of("Persistent") : modes,
        tokens,
        spec.path("serviceAccountTokenInSecrets").asBoolean(false));
  }

  /// @throws CsiException when the driver has no volumes of this kind
  void requireMode(String driver, boolean isInline) throws CsiException {
    String mode = isInline ? "Ephemeral" : "Persistent";
    if (modes == null ? !isInline : modes.contains(mode)) {
      return;
    }
    String why =
        modes == null
            ? "no CSIDriver object"
            : "only supports [\"" + String.join("\" \"", modes) + "\"]";
    throw new CsiException(
        "kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume mode \"%s\" not supported by driver %s (%s)"
            .formatted(mode, driver, why));
  }

  /// Whether the node gives what lies in a volume to the pod's group.
  boolean givesToGroup(CsiVolume volume) {
    if (volume.readOnly() || volume.isBlock()) {
      return false;
    }
    return switch (groupPolicy) {
      case "None" -> false;
      case "File" -> true;
      default ->
          !volume.fsType().isEmpty()
              && (volume.isInline()
                  || volume.accessModes().contains("ReadWriteOnce")
                  || volume.accessModes().contains("ReadWriteOncePod"));
    };
  }
}
