// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Makes volumes for the claims of classes that name it: folders on the disk of the node that the
/// first pod comes to. It does what an external provisioner and resizer do. The size is a promise
/// that nothing enforces, so that growing is only said. A key without a namespace is a volume's.
public final class HostPathProvisioner implements Reconciler {
  /// As classes name it.
  public static final String NAME = "havn.dev/host-path";

  private static final String HOST = "kubernetes.io/hostname";

  private final Binder.Caches caches;
  private final Disks disks;
  private final Api api;
  private final Events events;

  public HostPathProvisioner(Binder.Caches caches, Disks disks, Api api, Events events) {
    this.caches = caches;
    this.disks = disks;
    this.api = api;
    this.events = events;
  }

  /// Whether a claim is, or was, for this provisioner.
  public static boolean concerns(PersistentVolumeClaim claim) {
    return NAME.equals(Binding.annotation(claim, Binding.PROVISIONER));
  }

  public static boolean concerns(PersistentVolume volume) {
    return NAME.equals(Binding.annotation(volume, Binding.PROVISIONED_BY));
  }

  @Override
  public Result reconcile(Key key) {
    if (key.namespace().isEmpty()) {
      @Nullable PersistentVolume volume = caches.volumes().get("", key.name());
      if (volume != null && concerns(volume)) {
        reclaim(volume);
      }
      return Result.DONE;
    }
    @Nullable PersistentVolumeClaim claim = caches.claims().get(key.namespace(), key.name());
    if (claim == null || !concerns(claim) || claim.getMetadata().getDeletionTimestamp() != null) {
      return Result.DONE;
    }
    if (Binding.phase(claim).equals("Bound")) {
      grow(claim);
    } else if (Binding.isEmpty(claim.getSpec().getVolumeName())) {
      provision(claim);
    }
    return Result.DONE;
  }

  private void provision(PersistentVolumeClaim claim) {
    @Nullable StorageClass kind = caches.classes().get("", Binding.className(claim));
    String name = "pvc-" + claim.getMetadata().getUid();
    // Whoever makes a claim can write our name on it; the class is the administrator's.
    boolean isOurs = kind != null && NAME.equals(kind.getProvisioner());
    if (kind == null || !isOurs || caches.volumes().get("", name) != null) {
      return;
    }
    @Nullable String chosen = Binding.annotation(claim, Binding.SELECTED_NODE);
    if (chosen == null && "WaitForFirstConsumer".equals(kind.getVolumeBindingMode())) {
      return;
    }
    Optional<String> problem = refusal(claim, kind, chosen);
    if (problem.isPresent()) {
      events.warning(
          claim,
          "ProvisioningFailed",
          "failed to provision volume with StorageClass \"%s\": %s"
              .formatted(kind.getMetadata().getName(), problem.get()));
      return;
    }
    events.normal(
        claim,
        "Provisioning",
        "External provisioner is provisioning volume for claim \"%s\""
            .formatted(Informer.keyOf(claim)));
    String node = chosen == null ? disks.nodes().getFirst() : chosen;
    try {
      api.create(
          Api.path(PersistentVolume.class, "", ""),
          volume(claim, kind, name, node, disks.create(node, name)).toString());
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
      return;
    }
    events.normal(claim, "ProvisioningSucceeded", "Successfully provisioned volume " + name);
  }

  /// Why no volume can be made; empty when one can.
  private Optional<String> refusal(
      PersistentVolumeClaim claim, StorageClass kind, @Nullable String node) {
    if (Binding.mode(claim.getSpec().getVolumeMode()).equals("Block")) {
      return Optional.of(NAME + " does not support block volume provisioning");
    }
    if (claim.getSpec().getDataSource() != null || claim.getSpec().getDataSourceRef() != null) {
      return Optional.of(NAME + " makes empty volumes only, not from a data source");
    }
    if (claim.getSpec().getSelector() != null) {
      return Optional.of("claim Selector is not supported");
    }
    if (kind.getParameters() != null && !kind.getParameters().isEmpty()) {
      return Optional.of(NAME + " takes no parameters");
    }
    boolean isOurs = node == null ? !disks.nodes().isEmpty() : disks.nodes().contains(node);
    return isOurs
        ? Optional.empty()
        : Optional.of(
            "the disk of node \"%s\" is out of reach: it is none of this server's"
                .formatted(Binding.or(node)));
  }

  private ObjectNode volume(
      PersistentVolumeClaim claim, StorageClass kind, String name, String node, String path) {
    ObjectNode volume = Api.object().put("kind", "PersistentVolume").put("apiVersion", "v1");
    ObjectNode metadata = volume.putObject("metadata").put("name", name);
    metadata.putObject("annotations").put(Binding.PROVISIONED_BY, NAME);
    ObjectNode spec = volume.putObject("spec");
    spec.putObject("capacity").put(Binding.STORAGE, request(claim).toString());
    ArrayNode modes = spec.putArray("accessModes");
    claim.getSpec().getAccessModes().forEach(modes::add);
    ObjectNode reference = spec.putObject("claimRef").put("kind", "PersistentVolumeClaim");
    reference.put("apiVersion", "v1").put("namespace", claim.getMetadata().getNamespace());
    reference.put("name", claim.getMetadata().getName());
    reference.put("uid", claim.getMetadata().getUid());
    reference.put("resourceVersion", claim.getMetadata().getResourceVersion());
    spec.put(
        "persistentVolumeReclaimPolicy",
        Objects.requireNonNullElse(kind.getReclaimPolicy(), "Delete"));
    spec.put("storageClassName", kind.getMetadata().getName()).put("volumeMode", "Filesystem");
    spec.putObject("local").put("path", path);
    ObjectNode term =
        spec.putObject("nodeAffinity")
            .putObject("required")
            .putArray("nodeSelectorTerms")
            .addObject();
    ObjectNode host = term.putArray("matchExpressions").addObject();
    host.put("key", HOST).put("operator", "In").putArray("values").add(node);
    return volume;
  }

  private static Quantity request(PersistentVolumeClaim claim) {
    return Objects.requireNonNull(
        claim.getSpec().getResources().getRequests().get(Binding.STORAGE),
        "a claim that asks for no storage");
  }

  /// Deletes a volume whose claim is gone, with its folder.
  private void reclaim(PersistentVolume volume) {
    boolean isOver =
        Binding.phase(volume).equals("Released")
            && "Delete".equals(volume.getSpec().getPersistentVolumeReclaimPolicy());
    Optional<String> node = node(volume);
    if (!isOver || node.filter(disks.nodes()::contains).isEmpty()) {
      return;
    }
    String name = volume.getMetadata().getName();
    disks.delete(node.get(), name);
    if (volume.getMetadata().getDeletionTimestamp() == null) {
      api.delete(Api.path(PersistentVolume.class, "", name), Api.object());
    }
  }

  private static Optional<String> node(PersistentVolume volume) {
    return Stream.ofNullable(volume.getSpec().getNodeAffinity())
        .flatMap(each -> Stream.ofNullable(each.getRequired()))
        .flatMap(each -> each.getNodeSelectorTerms().stream())
        .flatMap(each -> each.getMatchExpressions().stream())
        .filter(each -> HOST.equals(each.getKey()))
        .map(NodeSelectorRequirement::getValues)
        .filter(values -> !values.isEmpty())
        .map(List::getFirst)
        .findFirst();
  }

  /// Says that a volume holds what its claim asks for by now.
  private void grow(PersistentVolumeClaim claim) {
    @Nullable PersistentVolume volume =
        caches.volumes().get("", Binding.or(claim.getSpec().getVolumeName()));
    if (volume == null || !concerns(volume)) {
      return;
    }
    if (Binding.size(claim).compareTo(Binding.size(volume)) > 0) {
      ObjectNode grown = (ObjectNode) api.toTree(volume);
      grown
          .withObjectProperty("spec")
          .withObjectProperty("capacity")
          .put(Binding.STORAGE, request(claim).toString());
      api.update(Api.path(PersistentVolume.class, "", volume.getMetadata().getName()), grown);
      return;
    }
    if (Binding.size(claim).compareTo(Binding.amount(claim.getStatus().getCapacity())) > 0) {
      JsonNode tree = api.toTree(claim);
      ObjectNode status = (ObjectNode) tree.path("status");
      status.withObjectProperty("capacity").put(Binding.STORAGE, request(claim).toString());
      api.updateStatus(claim, status);
      events.normal(claim, "VolumeResizeSuccessful", "Resize volume succeeded");
    }
  }
}
