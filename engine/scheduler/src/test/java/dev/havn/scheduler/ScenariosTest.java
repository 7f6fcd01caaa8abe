// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.device.ExtendedResources;
import dev.havn.scheduler.device.Grant;
import dev.havn.scheduler.device.Inventory;
import dev.havn.scheduler.device.Taken;
import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.AttemptException;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import dev.havn.scheduler.volume.VolumesByClass;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimConsumerReference;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimStatus;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.CSIStorageCapacity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Each file is a cluster and pods that come to it one after another. A pod with the annotation
/// `expect` is placed, and what becomes of it is what the annotation says: its node (one of
/// several, with `|` between them), kube-scheduler's message, or the node that is cleared and who
/// has to go. The messages are those of kube-scheduler 1.36 for the same nodes and pods.
class ScenariosTest {
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  private final ClusterState cluster = new ClusterState();
  private final Nominations nominations = new Nominations();
  private final List<PodDisruptionBudget> budgets = new ArrayList<>();
  private final Storage storage = new Storage();
  private final Offered devices = new Offered();
  private final Placement placement =
      new Placement(
          cluster,
          nominations,
          new Evictions(),
          () -> new Budgets(budgets),
          new SplittableRandom(1));
  private final Profile profile =
      Objects.requireNonNull(
          SchedulerConfiguration.STANDARD
              .build(storage, _ -> Selector.EVERYTHING, devices)
              .get("default-scheduler"));

  private static final class Storage implements Volumes {
    private final Map<String, PersistentVolumeClaim> claims = new HashMap<>();
    private final Map<String, PersistentVolume> volumes = new HashMap<>();
    private final VolumesByClass byClass = new VolumesByClass();
    private final Map<String, StorageClass> classes = new HashMap<>();
    private final Map<String, CSINode> drivers = new HashMap<>();
    private final List<VolumeAttachment> attachments = new ArrayList<>();
    private final Map<String, String> taken = new HashMap<>();
    private final Set<String> reporting = new HashSet<>();
    private final List<CSIStorageCapacity> capacities = new ArrayList<>();

    @Override
    public @Nullable PersistentVolumeClaim claim(String key) {
      return claims.get(key);
    }

    @Override
    public @Nullable PersistentVolume volume(String name) {
      return volumes.get(name);
    }

    @Override
    public Collection<PersistentVolume> volumesOf(String className) {
      return byClass.of(className);
    }

    @Override
    public @Nullable StorageClass storageClass(String name) {
      return classes.get(name);
    }

    @Override
    public @Nullable CSINode driversOf(String node) {
      return drivers.get(node);
    }

    @Override
    public Collection<VolumeAttachment> attachments(String node) {
      return attachments.stream()
          .filter(each -> node.equals(each.getSpec().getNodeName()))
          .toList();
    }

    @Override
    public boolean reportsCapacity(String driver) {
      return reporting.contains(driver);
    }

    @Override
    public Collection<CSIStorageCapacity> capacities(String className) {
      return capacities.stream()
          .filter(each -> className.equals(each.getStorageClassName()))
          .toList();
    }

    @Override
    public @Nullable String takenFor(String volume) {
      return taken.get(volume);
    }
  }

  private static final class Offered implements Devices {
    private final Map<String, ResourceClaim> claims = new HashMap<>();
    private final Map<String, DeviceClass> classes = new HashMap<>();
    private final List<ResourceSlice> slices = new ArrayList<>();
    private final Taken taken = new Taken();
    private final Set<String> shares = new HashSet<>();

    @Override
    public @Nullable ResourceClaim claim(String key) {
      return claims.get(key);
    }

    @Override
    public @Nullable DeviceClass deviceClass(String name) {
      return classes.get(name);
    }

    @Override
    public Collection<ResourceClaim> claims(String namespace) {
      return claims.values();
    }

    @Override
    public ExtendedResources extendedResources() {
      return new ExtendedResources(classes.values());
    }

    @Override
    public Inventory inventory() {
      return new Inventory(slices);
    }

    @Override
    public Taken taken() {
      return taken;
    }

    @Override
    public boolean isPending(ResourceClaim claim) {
      return false;
    }

    @Override
    public Instant now() {
      return Instant.parse("2026-01-01T00:00:00Z");
    }

    /// Gives what was granted, and says it.
    String give(PodFacts pod, List<Grant> grants) {
      StringBuilder said = new StringBuilder();
      for (Grant grant : grants) {
        ResourceClaim claim = grant.claim();
        if (claim.getStatus() == null) {
          claim.setStatus(new ResourceClaimStatus());
        }
        claim
            .getStatus()
            .getReservedFor()
            .add(new ResourceClaimConsumerReference(null, pod.name(), "pods", pod.uid()));
        if (grant.allocation() == null) {
          said.append(" shared");
          continue;
        }
        claim.getStatus().setAllocation(grant.allocation());
        taken.add(grant.allocation());
        for (var result : grant.allocation().getDevices().getResults()) {
          said.append(" ").append(result.getRequest()).append("=").append(result.getDevice());
          if (result.getShareID() != null) {
            assertThat(shares.add(result.getShareID())).isTrue();
            said.append(new TreeMap<>(result.getConsumedCapacity()));
          }
        }
      }
      return said.toString();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "resources",
        "node-selection",
        "inter-pod-affinity",
        "topology-spread",
        "host-ports",
        "declared-features",
        "preemption",
        "volumes",
        "attachments",
        "missing-volumes",
        "devices",
        "device-alternatives",
        "shared-devices",
        "extended-resources",
        "disks"
      })
  void podsGoWhereKubernetesWouldPutThem(String scenario) throws IOException {
    int checked = 0;
    for (String document : read(scenario).split("(?m)^---$", -1)) {
      if (document.isBlank()) {
        continue;
      }
      checked += take(document);
    }
    assertThat(checked).isPositive();
  }

  /// @return how many expectations it had
  private int take(String document) {
    switch (MODELS.<Object>unmarshal(document)) {
      case Node node -> cluster.put(node);
      case Namespace namespace ->
          cluster.putNamespace(
              namespace.getMetadata().getName(), namespace.getMetadata().getLabels());
      case Pod pod -> {
        return put(pod);
      }
      case PodDisruptionBudget budget -> budgets.add(budget);
      case PersistentVolumeClaim claim ->
          storage.claims.put("default/" + claim.getMetadata().getName(), claim);
      case PersistentVolume volume ->
          storage.byClass.changed(
              storage.volumes.put(volume.getMetadata().getName(), volume), volume);
      case StorageClass ofClaims -> storage.classes.put(ofClaims.getMetadata().getName(), ofClaims);
      case VolumeAttachment attachment -> storage.attachments.add(attachment);
      case CSIDriver driver -> storage.reporting.add(driver.getMetadata().getName());
      case CSIStorageCapacity room -> storage.capacities.add(room);
      case ResourceSlice slice -> devices.slices.add(slice);
      case DeviceClass ofDevices ->
          devices.classes.put(ofDevices.getMetadata().getName(), ofDevices);
      case ResourceClaim claim -> {
        claim.getMetadata().setUid(claim.getMetadata().getName());
        devices.claims.put("default/" + claim.getMetadata().getName(), claim);
      }
      case CSINode drivers -> storage.drivers.put(drivers.getMetadata().getName(), drivers);
      default -> throw new IllegalArgumentException(document);
    }
    return 0;
  }

  private static String read(String scenario) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            ScenariosTest.class.getResourceAsStream("scenarios/" + scenario + ".yaml"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private int put(Pod pod) {
    pod.getMetadata().setUid(pod.getMetadata().getName());
    if (pod.getMetadata().getNamespace() == null) {
      pod.getMetadata().setNamespace("default");
    }
    PodFacts facts = PodFacts.of(pod);
    if (facts.node() != null) {
      cluster.put(facts, facts.node());
      return 0;
    }
    String expected = pod.getMetadata().getAnnotations().get("expect");
    String outcome = outcome(facts);
    assertThat(Arrays.asList(expected.split("\\|", -1)))
        .as(pod.getMetadata().getName() + " got: " + outcome)
        .contains(outcome);
    return 1;
  }

  private String outcome(PodFacts pod) {
    try {
      return switch (placement.of(pod, profile)) {
        case Placement.Placed placed -> {
          DynamicResources filter =
              (DynamicResources) Objects.requireNonNull(profile.filter(DynamicResources.NAME));
          String given =
              devices.give(
                  pod, filter.plan(new Attempt(pod, cluster, false), placed.node()).grants());
          cluster.put(pod, placed.node().name());
          yield placed.node().name() + given;
        }
        case Placement.Nowhere nowhere -> said(pod, nowhere);
      };
    } catch (AttemptException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private String said(PodFacts pod, Placement.Nowhere nowhere) {
    @Nullable Candidate candidate = nowhere.candidate();
    if (candidate == null) {
      return nowhere.quiet() ? "nothing" : nowhere.diagnosis().message();
    }
    nominations.put(pod, candidate.node().name());
    return candidate.node().name()
        + " without "
        + candidate.victims().stream().map(PodFacts::name).toList();
  }
}
