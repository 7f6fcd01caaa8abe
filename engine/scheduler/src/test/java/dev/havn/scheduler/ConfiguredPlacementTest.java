// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where pods go when the configuration is not Kubernetes' own.
class ConfiguredPlacementTest {
  private final ClusterState cluster = new ClusterState();
  private final SplittableRandom random = new SplittableRandom(1);

  /// One for each configuration: it remembers what it has found out by the profile's name.
  private Placement placement() {
    return new Placement(
        cluster, new Nominations(), new Evictions(), () -> new Budgets(List.of()), random);
  }

  /// @param arguments of one plugin, `'` for quotes
  private static Profile profile(String plugin, String arguments) {
    String file =
        """
        {'apiVersion': 'kubescheduler.config.k8s.io/v1', 'kind': 'KubeSchedulerConfiguration',
         'profiles': [{'pluginConfig': [{'name': '%s', 'args': {%s}}]}]}
        """
            .formatted(plugin, arguments)
            .replace('\'', '"');
    try {
      return Objects.requireNonNull(
          SchedulerConfiguration.of(new ObjectMapper().readTree(file))
              .build(Volumes.NONE, _ -> Selector.EVERYTHING, Devices.NONE)
              .get("default-scheduler"));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Node node(String name, String zone) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("zone", zone)
        .endMetadata()
        .withNewStatus()
        .withAllocatable(Map.of("cpu", new Quantity("2"), "pods", new Quantity("10")))
        .endStatus()
        .build();
  }

  private static PodFacts pod(String resource) {
    return PodFacts.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withUid("p")
            .withNamespace("default")
            .endMetadata()
            .withNewSpec()
            .withSchedulerName("default-scheduler")
            .withPriority(0)
            .addNewContainer()
            .withName("c")
            .withNewResources()
            .addToRequests(resource, new Quantity("1"))
            .endResources()
            .endContainer()
            .endSpec()
            .build());
  }

  private String said(PodFacts pod, Profile profile) {
    return switch (placement().of(pod, profile)) {
      case Placement.Placed placed -> placed.node().name();
      case Placement.Nowhere nowhere -> nowhere.diagnosis().message();
    };
  }

  private static Profile onlyZone(String zone) {
    return profile(
        "NodeAffinity",
        "'addedAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms':"
            + " [{'matchExpressions': [{'key': 'zone', 'operator': 'In', 'values': ['"
            + zone
            + "']}]}]}}");
  }

  @Test
  void affinityThatTheConfigurationAddsKeepsPodsOffNodes() {
    cluster.put(node("n1", "a"));
    cluster.put(node("n2", "b"));
    assertThat(said(pod("cpu"), onlyZone("b"))).isEqualTo("n2");
    assertThat(said(pod("cpu"), onlyZone("c")))
        .isEqualTo(
            "0/2 nodes are available: 2 node(s) didn't match scheduler-enforced node affinity. no"
                + " new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is"
                + " not helpful for scheduling.");
  }

  @Test
  void nodesThatTheConfigurationPrefersComeFirst() {
    cluster.put(node("n1", "a"));
    cluster.put(node("n2", "b"));
    cluster.put(node("n3", "a"));
    Profile prefers =
        profile(
            "NodeAffinity",
            "'addedAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 1,"
                + " 'preference': {'matchExpressions': [{'key': 'zone', 'operator': 'In', 'values':"
                + " ['b']}]}}]}");
    for (int i = 0; i < 10; i++) {
      assertThat(said(pod("cpu"), prefers)).isEqualTo("n2");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', 0/1 nodes are available: 1 Insufficient example.com/a.",
    "'''ignoredResources'': [''example.com/a'']', n1",
    "'''ignoredResources'': [''example.com/b'']', 0/1 nodes are available: 1 Insufficient example.com/a.",
    "'''ignoredResourceGroups'': [''example.com'']', n1",
    "'''ignoredResourceGroups'': [''example'']', 0/1 nodes are available: 1 Insufficient example.com/a."
  })
  void resourcesThatTheConfigurationIgnoresAreNotMissed(String arguments, String said) {
    cluster.put(node("n1", "a"));
    assertThat(said(pod("example.com/a"), profile("NodeResourcesFit", arguments))).startsWith(said);
  }

  @Test
  void whatIsIgnoredOfExtendedResourcesIsNotOfOthers() {
    cluster.put(node("n1", "a"));
    PodFacts pod = pod("cpu");
    cluster.put(pod, "n1");
    Profile ignores =
        profile(
            "NodeResourcesFit",
            "'ignoredResources': ['example.com/a'], 'ignoredResourceGroups': ['example.com']");
    PodFacts large =
        PodFacts.of(
            new PodBuilder(pod.pod())
                .editMetadata()
                .withUid("large")
                .endMetadata()
                .editSpec()
                .editFirstContainer()
                .editResources()
                .addToRequests("cpu", new Quantity("2"))
                .endResources()
                .endContainer()
                .endSpec()
                .build());
    assertThat(said(large, ignores)).startsWith("0/1 nodes are available: 1 Insufficient cpu.");
  }

  @Test
  void ofManyNodesThoseThatWereNotLookedAtComeNext() {
    Profile standard = profile("NodeResourcesFit", "");
    Placement placement = placement();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      cluster.put(node("n" + i, "a"));
    }
    for (int i = 0; i < 2; i++) {
      var list = (Placement.Shortlist) placement.begin(pod("cpu"), standard, true);
      assertThat(list.nodes()).hasSize(100);
      list.nodes().forEach(each -> names.add(each.getMetadata().getName()));
    }
    assertThat(names).doesNotHaveDuplicates().hasSize(200);
  }
}
