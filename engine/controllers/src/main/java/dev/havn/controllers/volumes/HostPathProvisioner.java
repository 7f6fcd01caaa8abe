// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.TopologySelectorTerm;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Makes volumes for the claims of classes that name it: folders on the disk of the node that the
/// first pod comes to. It does what an external provisioner and resizer do. The size is a promise
/// that nothing enforces, so that growing is only said. A key without a namespace is a volume's.
///
/// The volume is written first, with a mark that its folder is to be made: whoever is killed at any
/// point leaves a volume that says what is left to do, and no folder that nobody knows. A finalizer
/// keeps the volume until its folder is gone (KEP-2644).
public final class HostPathProvisioner implements Reconciler {
  /// As classes name it.
  public static final String NAME = "havn.dev/host-path";

  /// At a volume whose folder is yet to be made. One without it whose folder is not there has lost
  /// it, and an empty one in its place would hide that.
  private static final String UNMADE = "havn.dev/folder-to-be-made";

  /// Of those who make and delete what is behind volumes.
  private static final String HOLDS = "external-provisioner.volume.kubernetes.io/finalizer";

  private static final String IN_USE = "kubernetes.io/pv-protection";
  private static final String DELETE = "Delete";
  private static final String HOST = "kubernetes.io/hostname";

  /// A node may get the labels that a class asks for, and a class may be made anew.
  private static final Duration REFUSED = Duration.ofMinutes(1);

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
        look(volume);
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
      return provision(claim);
    }
    return Result.DONE;
  }

  private Result provision(PersistentVolumeClaim claim) {
    @Nullable StorageClass kind = caches.classes().get("", Binding.className(claim));
    String name = "pvc-" + claim.getMetadata().getUid();
    // Whoever makes a claim can write our name on it; the class is the administrator's.
    boolean isOurs = kind != null && NAME.equals(kind.getProvisioner());
    if (kind == null || !isOurs || caches.volumes().get("", name) != null) {
      return Result.DONE;
    }
    @Nullable String selected = Binding.annotation(claim, Binding.SELECTED_NODE);
    if (selected == null && "WaitForFirstConsumer".equals(kind.getVolumeBindingMode())) {
      return Result.DONE;
    }
    @Nullable String node = selected == null ? first(kind) : selected;
    Optional<String> problem = refusal(claim, kind, node);
    if (node == null || problem.isPresent()) {
      events.warning(
          claim,
          "ProvisioningFailed",
          "failed to provision volume with StorageClass \"%s\": %s"
              .formatted(kind.getMetadata().getName(), problem.orElse("")));
      return Result.after(REFUSED);
    }
    events.normal(
        claim,
        "Provisioning",
        "External provisioner is provisioning volume for claim \"%s\""
            .formatted(Informer.keyOf(claim)));
    JsonNode made;
    try {
      made =
          api.create(
              Api.path(PersistentVolume.class, "", ""), volume(claim, kind, name, node).toString());
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
      return Result.DONE;
    }
    events.normal(claim, "ProvisioningSucceeded", "Successfully provisioned volume " + name);
    makeFolder(made, node);
    return Result.DONE;
  }

  private void makeFolder(JsonNode volume, String node) {
    String name = volume.path("metadata").path("name").asText();
    disks.create(node, name);
    ObjectNode made = volume.deepCopy();
    made.withObjectProperty("metadata").withObjectProperty("annotations").remove(UNMADE);
    api.update(Api.path(PersistentVolume.class, "", name), made);
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
    if (kind.getMountOptions() != null && !kind.getMountOptions().isEmpty()) {
      return Optional.of(
          "Mount options are not supported by the provisioner but StorageClass \"%s\" has mount options [%s]"
              .formatted(kind.getMetadata().getName(), String.join(" ", kind.getMountOptions())));
    }
    if (node == null) {
      return Optional.of("no node of this server is in the topologies that the class allows");
    }
    return disks.nodes().contains(node)
        ? Optional.empty()
        : Optional.of(
            "the disk of node \"%s\" is out of reach: it is none of this server's".formatted(node));
  }

  /// The node of a volume that is wanted at once: the first of those that the class allows.
  private @Nullable String first(StorageClass kind) {
    return disks.nodes().stream().filter(each -> isAllowed(kind, each)).findFirst().orElse(null);
  }

  private boolean isAllowed(StorageClass kind, String node) {
    @Nullable List<TopologySelectorTerm> terms = kind.getAllowedTopologies();
    if (terms == null || terms.isEmpty()) {
      return true;
    }
    // The role of this controller lists nodes, and gets none.
    JsonNode labels =
        api.get(Api.path(Node.class, "", "") + "?fieldSelector=metadata.name%3D" + node)
            .path("items")
            .path(0)
            .path("metadata")
            .path("labels");
    return terms.stream()
        .map(TopologySelectorTerm::getMatchLabelExpressions)
        .anyMatch(
            all ->
                !all.isEmpty()
                    && all.stream()
                        .allMatch(
                            each ->
                                labels.hasNonNull(each.getKey())
                                    && each.getValues()
                                        .contains(labels.get(each.getKey()).asText())));
  }

  private ObjectNode volume(
      PersistentVolumeClaim claim, StorageClass kind, String name, String node) {
    ObjectNode volume = Api.object().put("kind", "PersistentVolume").put("apiVersion", "v1");
    ObjectNode metadata = volume.putObject("metadata").put("name", name);
    metadata.putObject("annotations").put(Binding.PROVISIONED_BY, NAME).put(UNMADE, "true");
    String policy = Objects.requireNonNullElse(kind.getReclaimPolicy(), DELETE);
    if (policy.equals(DELETE)) {
      metadata.putArray("finalizers").add(HOLDS);
    }
    ObjectNode spec = volume.putObject("spec");
    spec.putObject("capacity").put(Binding.STORAGE, request(claim).toString());
    ArrayNode modes = spec.putArray("accessModes");
    claim.getSpec().getAccessModes().forEach(modes::add);
    ObjectNode reference = spec.putObject("claimRef").put("kind", "PersistentVolumeClaim");
    reference.put("apiVersion", "v1").put("namespace", claim.getMetadata().getNamespace());
    reference.put("name", claim.getMetadata().getName());
    reference.put("uid", claim.getMetadata().getUid());
    reference.put("resourceVersion", claim.getMetadata().getResourceVersion());
    spec.put("persistentVolumeReclaimPolicy", policy);
    spec.put("storageClassName", kind.getMetadata().getName()).put("volumeMode", "Filesystem");
    spec.putObject("local").put("path", disks.path(node, name));
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

  private void look(PersistentVolume volume) {
    Optional<String> node = node(volume);
    boolean isGoing = volume.getMetadata().getDeletionTimestamp() != null;
    if (node.isEmpty()) {
      return;
    }
    boolean isOver = isGoing ? !isHeldBy(volume, IN_USE) : Binding.phase(volume).equals("Released");
    boolean isDeleted = DELETE.equals(volume.getSpec().getPersistentVolumeReclaimPolicy());
    boolean isWithinReach = disks.nodes().contains(node.get());
    if (isOver && isDeleted && isWithinReach) {
      reclaim(volume, node.get(), isGoing);
    } else if (isGoing && !isDeleted) {
      letGo(volume);
    } else if (isGoing && isOver && isHeldBy(volume, HOLDS)) {
      events.warning(
          volume,
          "VolumeFailedDelete",
          "the disk of node \"%s\" is out of reach: it is none of this server's"
              .formatted(node.get()));
    } else if (!isGoing && isWithinReach && Binding.has(volume, UNMADE)) {
      makeFolder(api.toTree(volume), node.get());
    }
  }

  private static boolean isHeldBy(PersistentVolume volume, String finalizer) {
    @Nullable List<String> all = volume.getMetadata().getFinalizers();
    return all != null && all.contains(finalizer);
  }

  /// Deletes a volume whose claim is gone, with its folder.
  private void reclaim(PersistentVolume volume, String node, boolean isGoing) {
    String name = volume.getMetadata().getName();
    disks.delete(node, name);
    if (isGoing) {
      letGo(volume);
    } else {
      api.delete(Api.path(PersistentVolume.class, "", name), Api.object());
    }
  }

  /// Nothing is left of it, or what is left is meant to stay.
  private void letGo(PersistentVolume volume) {
    if (!isHeldBy(volume, HOLDS)) {
      return;
    }
    ObjectNode free = api.toTree(volume).deepCopy();
    ArrayNode finalizers =
        free.withObjectProperty("metadata").withArrayProperty("finalizers").removeAll();
    for (String each : volume.getMetadata().getFinalizers()) {
      if (!each.equals(HOLDS)) {
        finalizers.add(each);
      }
    }
    try {
      api.update(Api.path(PersistentVolume.class, "", volume.getMetadata().getName()), free);
    } catch (Api.RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
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
