// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private final Placement placement =
      new Placement(cluster, nominations, () -> new Budgets(budgets));
  private final Profile profile =
      Objects.requireNonNull(
          SchedulerConfiguration.STANDARD
              .build(storage, _ -> Selector.EVERYTHING)
              .get("default-scheduler"));

  private static final class Storage implements Volumes {
    private final Map<String, PersistentVolumeClaim> claims = new HashMap<>();
    private final Map<String, PersistentVolume> volumes = new HashMap<>();
    private final Map<String, StorageClass> classes = new HashMap<>();
    private final Map<String, CSINode> drivers = new HashMap<>();
    private final Map<String, String> taken = new HashMap<>();

    @Override
    public @Nullable PersistentVolumeClaim claim(String key) {
      return claims.get(key);
    }

    @Override
    public @Nullable PersistentVolume volume(String name) {
      return volumes.get(name);
    }

    @Override
    public Collection<PersistentVolume> volumes() {
      return volumes.values();
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
    public @Nullable String takenFor(String volume) {
      return taken.get(volume);
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
        "preemption",
        "volumes"
      })
  void podsGoWhereKubernetesWouldPutThem(String scenario) throws IOException {
    int checked = 0;
    for (String document : read(scenario).split("(?m)^---$", -1)) {
      if (document.isBlank()) {
        continue;
      }
      switch (MODELS.<Object>unmarshal(document)) {
        case Node node -> cluster.put(node);
        case Namespace namespace ->
            cluster.putNamespace(
                namespace.getMetadata().getName(), namespace.getMetadata().getLabels());
        case Pod pod -> checked += put(pod);
        case PodDisruptionBudget budget -> budgets.add(budget);
        case PersistentVolumeClaim claim ->
            storage.claims.put("default/" + claim.getMetadata().getName(), claim);
        case PersistentVolume volume -> storage.volumes.put(volume.getMetadata().getName(), volume);
        case StorageClass ofClaims ->
            storage.classes.put(ofClaims.getMetadata().getName(), ofClaims);
        case CSINode drivers -> storage.drivers.put(drivers.getMetadata().getName(), drivers);
        default -> throw new IllegalArgumentException(document);
      }
    }
    assertThat(checked).isPositive();
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
    String outcome =
        switch (placement.of(facts, profile)) {
          case Placement.Placed placed -> {
            cluster.put(facts, placed.node().name());
            yield placed.node().name();
          }
          case Placement.Nowhere nowhere -> said(facts, nowhere);
        };
    assertThat(Arrays.asList(expected.split("\\|", -1)))
        .as(pod.getMetadata().getName() + " got: " + outcome)
        .contains(outcome);
    return 1;
  }

  private String said(PodFacts pod, Placement.Nowhere nowhere) {
    @Nullable Candidate candidate = nowhere.candidate();
    if (candidate == null) {
      return nowhere.diagnosis().message();
    }
    nominations.put(pod, candidate.node().name());
    return candidate.node().name()
        + " without "
        + candidate.victims().stream().map(PodFacts::name).toList();
  }
}
