// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NodeDeclaredFeaturesTest {
  private static final String RESTARTS_ALL = "RestartAllContainersOnContainerExits";

  private final NodeDeclaredFeatures plugin = new NodeDeclaredFeatures();

  private static Node node(String zone, String... features) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName("n")
        .addToLabels("zone", zone)
        .endMetadata()
        .withNewStatus()
        .withDeclaredFeatures(features)
        .endStatus()
        .build();
  }

  private static PodFacts pod(String image, String action) {
    return PodFacts.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withNamespace("default")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withImage(image)
            .addNewRestartPolicyRule()
            .withAction(action)
            .endRestartPolicyRule()
            .endContainer()
            .endSpec()
            .build());
  }

  private boolean helps(Set<Change.Aspect> aspects) {
    ClusterState cluster = new ClusterState();
    cluster.put(node("a", RESTARTS_ALL));
    return plugin.mayHelp(
        new Change.OfNode(cluster.node("n"), aspects), pod("x", "RestartAllContainers"));
  }

  @Test
  void aNodeHelpsThatComesOrDeclaresSomethingElse() {
    assertThat(helps(Change.aspects(null, node("a")))).isTrue();
    assertThat(helps(Change.aspects(node("a"), node("a", RESTARTS_ALL)))).isTrue();
    assertThat(helps(Change.aspects(node("a", "Other"), node("a", RESTARTS_ALL)))).isTrue();
    assertThat(helps(Change.aspects(node("a", RESTARTS_ALL), node("b", RESTARTS_ALL)))).isFalse();
  }

  @Test
  void thePodItselfHelpsWhenItNeedsSomethingElse() {
    PodFacts waits = pod("x", "RestartAllContainers");
    assertThat(plugin.mayHelp(new Change.OfItself(waits, pod("x", "Restart")), waits)).isTrue();
    assertThat(plugin.mayHelp(new Change.OfItself(waits, pod("y", "RestartAllContainers")), waits))
        .isFalse();
  }

  @Test
  void otherPodsHelpNobody() {
    PodFacts other = pod("x", "Restart");
    assertThat(plugin.mayHelp(new Change.OfPod(other, null, "n"), pod("x", "RestartAllContainers")))
        .isFalse();
  }
}
