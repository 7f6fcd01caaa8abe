// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Writes to claims and volumes. Each is a PUT of the object as it was looked at, since that is
/// what the role of the binder allows, and is left out where it would change nothing.
final class BindingWrites {
  private static final String STATUS = "/status";
  private static final String PHASE = "phase";
  private static final String YES = "yes";

  private final Api api;
  private final Consumer<PersistentVolume> volumes;
  private final Consumer<PersistentVolumeClaim> claims;

  /// @param volumes takes what has been written
  /// @param claims the same
  BindingWrites(
      Api api, Consumer<PersistentVolume> volumes, Consumer<PersistentVolumeClaim> claims) {
    this.api = api;
    this.volumes = volumes;
    this.claims = claims;
  }

  /// The claim as the API has it now.
  @Nullable PersistentVolumeClaim claim(String namespace, String name) {
    return api.find(Api.path(PersistentVolumeClaim.class, namespace, name))
        .map(tree -> api.toModel(tree, PersistentVolumeClaim.class))
        .orElse(null);
  }

  private static String path(HasMetadata object) {
    @Nullable String namespace = object.getMetadata().getNamespace();
    return Api.path(
        object.getClass(), namespace == null ? "" : namespace, object.getMetadata().getName());
  }

  /// @return how it stands then
  private JsonNode put(String path, JsonNode tree, Consumer<ObjectNode> change) {
    ObjectNode changed = tree.deepCopy();
    change.accept(changed);
    if (changed.equals(tree)) {
      return tree;
    }
    JsonNode stands = api.update(path, changed);
    if (stands.path("kind").asText().equals("PersistentVolume")) {
      volumes.accept(api.toModel(stands, PersistentVolume.class));
    } else {
      claims.accept(api.toModel(stands, PersistentVolumeClaim.class));
    }
    return stands;
  }

  void claim(PersistentVolumeClaim claim, Consumer<ObjectNode> change) {
    put(path(claim), api.toTree(claim), change);
  }

  void provisioner(PersistentVolumeClaim claim, String provisioner) {
    claim(
        claim,
        tree ->
            annotations(tree)
                .put(Binding.PROVISIONER_BETA, provisioner)
                .put(Binding.PROVISIONER, provisioner));
  }

  private static ObjectNode annotations(ObjectNode tree) {
    return tree.withObjectProperty("metadata").withObjectProperty("annotations");
  }

  void claimPhase(PersistentVolumeClaim claim, String phase) {
    put(
        path(claim) + STATUS,
        api.toTree(claim),
        tree -> {
          ObjectNode status = tree.withObjectProperty("status").put(PHASE, phase);
          status.remove("accessModes");
          status.remove("capacity");
          status.remove("currentVolumeAttributesClassName");
        });
  }

  JsonNode tree(PersistentVolume volume) {
    return api.toTree(volume);
  }

  /// @param tree the volume as it stands
  /// @return how it stands then
  JsonNode volumePhase(JsonNode tree, String phase, String message) {
    if (tree.path("status").path(PHASE).asText().equals(phase)) {
      return tree;
    }
    return put(
        volumePath(tree) + STATUS,
        tree,
        changed -> {
          ObjectNode status = changed.withObjectProperty("status").put(PHASE, phase);
          if (message.isEmpty()) {
            status.remove("message");
          } else {
            status.put("message", message);
          }
        });
  }

  private static String volumePath(JsonNode volume) {
    return Api.path(PersistentVolume.class, "", volume.path("metadata").path("name").asText());
  }

  JsonNode unbind(JsonNode volume) {
    JsonNode free =
        put(
            volumePath(volume),
            volume,
            tree -> {
              if (annotations(tree).remove(Binding.BY_CONTROLLER) == null) {
                tree.withObjectProperty("spec").withObjectProperty("claimRef").remove("uid");
              } else {
                tree.withObjectProperty("spec").remove("claimRef");
              }
            });
    return volumePhase(free, "Available", "");
  }

  /// @return the volume, bound
  JsonNode bindVolume(PersistentVolume volume, PersistentVolumeClaim claim) {
    @Nullable ObjectReference known = volume.getSpec().getClaimRef();
    boolean isKept = Binding.isFor(volume, claim);
    JsonNode bound = api.toTree(volume);
    if (known == null || !isKept || Binding.isEmpty(known.getUid())) {
      bound =
          put(
              path(volume),
              bound,
              tree -> {
                reference(tree, claim);
                if (!isKept) {
                  annotations(tree).put(Binding.BY_CONTROLLER, YES);
                }
              });
    }
    return volumePhase(bound, "Bound", "");
  }

  private static void reference(ObjectNode volume, PersistentVolumeClaim claim) {
    volume
        .withObjectProperty("spec")
        .putObject("claimRef")
        .put("kind", "PersistentVolumeClaim")
        .put("apiVersion", "v1")
        .put("namespace", claim.getMetadata().getNamespace())
        .put("name", claim.getMetadata().getName())
        .put("uid", claim.getMetadata().getUid())
        .put("resourceVersion", claim.getMetadata().getResourceVersion());
  }

  void bindClaim(PersistentVolumeClaim claim, JsonNode volume) {
    String name = volume.path("metadata").path("name").asText();
    JsonNode bound =
        put(
            path(claim),
            api.toTree(claim),
            tree -> {
              if (!tree.path("spec").path("volumeName").asText().equals(name)) {
                tree.withObjectProperty("spec").put("volumeName", name);
                annotations(tree).put(Binding.BY_CONTROLLER, YES);
              }
              annotations(tree).put(Binding.COMPLETED, YES);
            });
    put(path(claim) + STATUS, bound, tree -> status(tree.withObjectProperty("status"), volume));
  }

  /// What a claim has is its volume's; how large it is only at first, then whoever resizes it says.
  private static void status(ObjectNode status, JsonNode volume) {
    JsonNode spec = volume.path("spec");
    String before = status.path(PHASE).asText();
    status.set("accessModes", spec.path("accessModes"));
    if (!before.equals("Bound")) {
      JsonNode early = volume.path("metadata").path("annotations").path(Binding.SIZE_BEFORE_RESIZE);
      status.set("capacity", spec.path("capacity"));
      if (early.isTextual()) {
        status.putObject("capacity").put(Binding.STORAGE, early.asText());
      }
      status.put(PHASE, "Bound");
    }
    JsonNode attributes = spec.path("volumeAttributesClassName");
    if (before.equals("Pending") && attributes.isTextual()) {
      status.put("currentVolumeAttributesClassName", attributes.asText());
    }
  }
}
