// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;

class InterPodAffinityHintsTest {
  private static final Affinity NONE = new Affinity();
  private static final LabelSelector WEB =
      new LabelSelectorBuilder().addToMatchLabels("app", "web").build();

  private final InterPodAffinity plugin = new InterPodAffinity(1, false);

  private static PodFacts pod(String namespace, Affinity affinity) {
    return PodFacts.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withNamespace(namespace)
            .addToLabels("app", "web")
            .endMetadata()
            .withNewSpec()
            .withAffinity(affinity)
            .endSpec()
            .build());
  }

  private static PodAffinityTermBuilder term() {
    return new PodAffinityTermBuilder().withTopologyKey("zone").withLabelSelector(WEB);
  }

  private static Affinity near(PodAffinityTerm term) {
    return new AffinityBuilder()
        .withNewPodAffinity()
        .withRequiredDuringSchedulingIgnoredDuringExecution(term)
        .endPodAffinity()
        .build();
  }

  private static Affinity far(PodAffinityTerm term) {
    return new AffinityBuilder()
        .withNewPodAntiAffinity()
        .withRequiredDuringSchedulingIgnoredDuringExecution(term)
        .endPodAntiAffinity()
        .build();
  }

  private boolean comes(PodFacts other, PodFacts waiting) {
    return plugin.mayHelp(new Change.OfPod(null, other, other.node()), waiting);
  }

  private boolean goes(PodFacts other, PodFacts waiting) {
    return plugin.mayHelp(new Change.OfPod(other, null, other.node()), waiting);
  }

  @Test
  void aPodOfAnotherNamespaceHelpsNobodyWhoDoesNotMeanIt() {
    PodFacts wantsNear = pod("a", near(term().build()));
    assertThat(comes(pod("a", NONE), wantsNear)).isTrue();
    assertThat(comes(pod("b", NONE), wantsNear)).isFalse();
    assertThat(goes(pod("b", NONE), wantsNear)).isFalse();
    assertThat(comes(pod("b", NONE), pod("a", near(term().withNamespaces("b").build())))).isTrue();
  }

  @Test
  void soDoesOneThatIsKeptAwayFromOrKeepsAway() {
    PodFacts wantsFar = pod("a", far(term().build()));
    assertThat(goes(pod("a", NONE), wantsFar)).isTrue();
    assertThat(goes(pod("b", NONE), wantsFar)).isFalse();
    assertThat(goes(pod("a", far(term().build())), pod("a", NONE))).isTrue();
    assertThat(goes(pod("b", far(term().build())), pod("a", NONE))).isFalse();
  }

  @Test
  void namespacesThatAreChosenByLabelsAreLeftToTheAttempt() {
    PodAffinityTerm chosen =
        term()
            .withNewNamespaceSelector()
            .addToMatchLabels("team", "x")
            .endNamespaceSelector()
            .build();
    assertThat(comes(pod("b", NONE), pod("a", near(chosen)))).isTrue();
  }
}
