// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.grpc.Status;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Lets a file system grow into a volume that has grown: its part of an expansion is the node's.
final class Expansion {
  private static final String STORAGE = "storage";
  private static final Set<String> ENDED = Set.of("Resizing", "FileSystemResizePending");

  private final CsiApi api;
  private final String node;
  private final CsiVolumes.Teller events;

  Expansion(CsiApi api, String node, CsiVolumes.Teller events) {
    this.api = api;
    this.node = node;
    this.events = events;
  }

  /// What is to be done.
  ///
  /// @param path of the claim
  record Due(String path, JsonNode claim, Quantity size) {}

  /// Whether a volume has become larger than its claim says.
  Optional<Due> due(CsiVolume volume) {
    if (volume.isInline()) {
      return Optional.empty();
    }
    String[] name = volume.claim().split("/", 2);
    String path = "/api/v1/namespaces/%s/persistentvolumeclaims/%s".formatted(name[0], name[1]);
    Optional<JsonNode> claim = api.find(path);
    Optional<JsonNode> grown = api.find("/api/v1/persistentvolumes/" + volume.name());
    if (claim.isEmpty() || grown.isEmpty()) {
      return Optional.empty();
    }
    JsonNode status = claim.get().path("status");
    @Nullable Quantity has = quantity(status.path("capacity"));
    @Nullable Quantity wanted = quantity(status.path("allocatedResources"));
    if (wanted == null) {
      wanted = quantity(grown.get().path("spec").path("capacity"));
    }
    if (has == null || wanted == null || isInfeasible(status) || bytes(has) >= bytes(wanted)) {
      return Optional.empty();
    }
    return Optional.of(new Due(path, claim.get(), wanted));
  }

  /// Does it, and says so at the claim.
  ///
  /// @throws CsiException when it could not be done, and the pod must wait
  void expand(Mounting.Wish wish, Requests requests, Due due) throws CsiException {
    CsiVolume volume = wish.volume();
    PersistentVolumeClaim about = about(due.claim());
    if (volume.readOnly()) {
      String words =
          "MountVolume.NodeExpandVolume failed for volume \"%s\" requested read-only file system"
              .formatted(volume.name());
      events.tell(wish.pod(), "Warning", "FileSystemResizeFailed", words);
      events.tell(about, "Warning", "FileSystemResizeFailed", words);
      return;
    }
    if (ask(wish, requests, bytes(due.size()))) {
      String words =
          "MountVolume.NodeExpandVolume succeeded for volume \"%s\" %s"
              .formatted(volume.name(), node);
      events.tell(wish.pod(), "Normal", "FileSystemResizeSuccessful", words);
      events.tell(about, "Normal", "FileSystemResizeSuccessful", words);
      api.merge(due.path() + "/status", ended(due.claim().path("status"), due.size()));
    }
  }

  private static boolean isInfeasible(JsonNode status) {
    return status
        .path("allocatedResourceStatuses")
        .path(STORAGE)
        .asText()
        .equals("NodeResizeInfeasible");
  }

  /// @return false where the driver cannot do it while the volume is in use, which is no hindrance
  private boolean ask(Mounting.Wish wish, Requests requests, long bytes) throws CsiException {
    CsiVolume.@Nullable Reference secret = wish.volume().secrets().expand();
    Map<String, String> secrets =
        secret == null ? Map.of() : Mounting.secrets(api, "NodeExpandSecretRef", secret);
    try {
      requests.driver().expand(requests.expand(wish.volume(), bytes, secrets));
      return true;
    } catch (CsiException e) {
      if (e.code() == Status.Code.FAILED_PRECONDITION) {
        return false;
      }
      String words =
          "NodeExpandVolume.NodeExpandVolume failed for volume \"%s\" : Expander.NodeExpand failed to expand the volume : %s"
              .formatted(wish.volume().name(), e.getMessage());
      events.tell(wish.pod(), "Warning", "VolumeResizeFailed", words);
      if (wish.isAgain()) {
        return false;
      }
      throw new CsiException(
          "Expander.NodeExpand failed to expand the volume : " + e.getMessage(), e);
    }
  }

  private static ObjectNode ended(JsonNode status, Quantity size) {
    ObjectNode patch = Api.object();
    ObjectNode changed = patch.putObject("status");
    changed.putObject("capacity").put(STORAGE, size.toString());
    if (status.has("allocatedResourceStatuses")) {
      changed.putObject("allocatedResourceStatuses").putNull(STORAGE);
    }
    ArrayNode conditions = changed.putArray("conditions");
    for (JsonNode each : status.path("conditions")) {
      if (!ENDED.contains(each.path("type").asText())) {
        conditions.add(each);
      }
    }
    return patch;
  }

  private static @Nullable Quantity quantity(JsonNode resources) {
    String text = resources.path(STORAGE).asText("");
    return text.isEmpty() ? null : Quantity.parse(text);
  }

  private static long bytes(Quantity quantity) {
    return Quantity.getAmountInBytes(quantity).longValue();
  }

  private static PersistentVolumeClaim about(JsonNode claim) {
    JsonNode metadata = claim.path("metadata");
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withNamespace(metadata.path("namespace").asText())
        .withName(metadata.path("name").asText())
        .withUid(metadata.path("uid").asText())
        .endMetadata()
        .build();
  }
}
