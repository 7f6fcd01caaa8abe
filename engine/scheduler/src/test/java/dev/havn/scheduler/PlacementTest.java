// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.extender.Verdict;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PlacementTest {
  private final ClusterState cluster = new ClusterState();
  private final Nominations nominations = new Nominations();
  private final Evictions evictions = new Evictions();
  private final Placement placement = placement();
  private final Profile profile =
      Objects.requireNonNull(
          SchedulerConfiguration.STANDARD
              .build(Volumes.NONE, _ -> Selector.EVERYTHING, Devices.NONE)
              .get("default-scheduler"));

  private Placement placement() {
    return new Placement(
        cluster, nominations, evictions, () -> new Budgets(List.of()), new SplittableRandom(1));
  }

  private static Node node(String name, boolean tainted) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("kubernetes.io/hostname", name)
        .endMetadata()
        .withNewSpec()
        .withTaints(tainted ? List.of(new Taint("NoSchedule", "k", null, "v")) : List.of())
        .endSpec()
        .withNewStatus()
        .withAllocatable(Map.of("cpu", new Quantity("2"), "pods", new Quantity("10")))
        .endStatus()
        .build();
  }

  private static PodBuilder pod(String name, String app, int priority, int cpu) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withUid(name)
        .withNamespace("default")
        .addToLabels("app", app)
        .endMetadata()
        .withNewSpec()
        .withSchedulerName("default-scheduler")
        .withPriority(priority)
        .addNewContainer()
        .withName("c")
        .withNewResources()
        .addToRequests("cpu", new Quantity(String.valueOf(cpu)))
        .endResources()
        .endContainer()
        .endSpec();
  }

  private String said(PodFacts pod, Placement by) {
    return switch (by.of(pod, profile)) {
      case Placement.Placed _ -> "placed";
      case Placement.Nowhere nowhere ->
          nowhere.diagnosis().message()
              + (nowhere.candidate() == null ? "" : " clears a node of " + victims(nowhere));
    };
  }

  private static int victims(Placement.Nowhere nowhere) {
    return Objects.requireNonNull(nowhere.candidate()).victims().size();
  }

  @Test
  void whoWaitsForVictimsOnOneNodeClearsNoOther() {
    cluster.put(node("n1", false));
    cluster.put(node("n2", false));
    cluster.put(PodFacts.of(pod("low1", "low", 0, 2).build()), "n1");
    cluster.put(PodFacts.of(pod("low2", "low", 0, 2).build()), "n2");
    PodFacts high = PodFacts.of(pod("high", "high", 10, 2).build());
    var first = (Placement.Nowhere) placement.of(high, profile);
    var chosen = Objects.requireNonNull(first.candidate());
    nominations.put(high, chosen.node().name());
    evictions.add(chosen.victims());
    var second = (Placement.Nowhere) placement.of(high, profile);
    assertThat(second.candidate()).isNull();
    assertThat(second.endsNomination()).isFalse();
    assertThat(second.diagnosis().message())
        .endsWith("preemption: not eligible due to a terminating pod on the nominated node.");
    evictions.remove(chosen.victims().getFirst().uid());
    var third = (Placement.Nowhere) placement.of(high, profile);
    var again = Objects.requireNonNull(third.candidate());
    assertThat(again.node().name()).isEqualTo(chosen.node().name());
    assertThat(again.victims()).isEqualTo(chosen.victims());
  }

  @Test
  void aPodThatIsExpectedKeepsOthersAwayAsIfItWereThere() {
    cluster.put(node("n1", false));
    PodFacts expected =
        PodFacts.of(
            pod("expected", "shy", 10, 1)
                .editSpec()
                .withNewAffinity()
                .withNewPodAntiAffinity()
                .addNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withTopologyKey("kubernetes.io/hostname")
                .withLabelSelector(
                    new LabelSelectorBuilder().addToMatchLabels("app", "loud").build())
                .endRequiredDuringSchedulingIgnoredDuringExecution()
                .endPodAntiAffinity()
                .endAffinity()
                .endSpec()
                .build());
    nominations.put(expected, "n1");
    assertThat(said(PodFacts.of(pod("loud", "loud", 0, 1).build()), placement))
        .startsWith(
            "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity"
                + " rules.");
    assertThat(said(PodFacts.of(pod("quiet", "quiet", 0, 1).build()), placement))
        .isEqualTo("placed");
    assertThat(said(PodFacts.of(pod("boss", "loud", 20, 1).build()), placement))
        .as("the more important one does not care")
        .isEqualTo("placed");
  }

  @Test
  void aPodThatIsExpectedIsCountedWhereOthersAreSpread() {
    cluster.put(node("n1", false));
    cluster.put(node("n2", true));
    nominations.put(PodFacts.of(pod("expected", "web", 10, 1).build()), "n1");
    PodFacts web =
        PodFacts.of(
            pod("web", "web", 0, 1)
                .editSpec()
                .addNewTopologySpreadConstraint()
                .withMaxSkew(1)
                .withTopologyKey("kubernetes.io/hostname")
                .withWhenUnsatisfiable("DoNotSchedule")
                .withLabelSelector(
                    new LabelSelectorBuilder().addToMatchLabels("app", "web").build())
                .endTopologySpreadConstraint()
                .endSpec()
                .build());
    assertThat(said(web, placement))
        .startsWith(
            "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1"
                + " node(s) had untolerated taint(s).");
  }

  @Test
  void amongTheBestNodesEachIsTakenSometimes() {
    for (String name : List.of("n1", "n2", "n3")) {
      cluster.put(node(name, false));
    }
    Set<String> taken = new HashSet<>();
    PodFacts pod = PodFacts.of(pod("p", "a", 0, 1).build());
    for (int i = 0; i < 50; i++) {
      taken.add(((Placement.Placed) placement.of(pod, profile)).node().name());
    }
    assertThat(taken).containsExactlyInAnyOrder("n1", "n2", "n3");
  }

  /// Each number is a step: which pod, which node, how large, and whether it comes, goes, or the
  /// node changes.
  @Property(tries = 200)
  void whatWasFoundOutAboutNodesIsForgottenWhenTheyChange(
      @ForAll @Size(max = 40) List<@IntRange(max = 4 * 3 * 6 * 2 - 1) Integer> steps) {
    for (int step : steps) {
      String name = "n" + step / 4 % 3;
      String pod = "p" + step / 12 % 6;
      int size = step / 72 % 2;
      switch (step % 4) {
        case 0 -> cluster.put(node(name, size == 1));
        case 1 -> cluster.removeNode(name);
        case 2 -> cluster.put(PodFacts.of(pod(pod, "a", size, 1 + size).build()), name);
        default -> cluster.remove(pod);
      }
      for (int priority : List.of(0, 5)) {
        PodFacts waiting = PodFacts.of(pod("waiting", "b", priority, 1).build());
        assertThat(said(waiting, placement)).isEqualTo(said(waiting, placement()));
        assertThat(scores(waiting, placement)).isEqualTo(scores(waiting, placement()));
      }
    }
  }

  private Map<String, Long> scores(PodFacts pod, Placement by) {
    Map<String, Long> scores = new HashMap<>();
    if (by.begin(pod, profile, true) instanceof Placement.Shortlist list) {
      long[] sums = Placement.sums(list.search(), profile, Map.of());
      for (int i = 0; i < sums.length; i++) {
        scores.put(list.search().feasible().get(i).name(), sums[i]);
      }
    }
    return scores;
  }

  @Test
  void podsThatCountForMoreThanTheyAskForAreScoredByThemselves() {
    cluster.put(node("n1", false));
    PodFacts one = PodFacts.of(pod("one", "a", 0, 1).build());
    PodFacts two =
        PodFacts.of(
            pod("two", "a", 0, 1)
                .editSpec()
                .addNewContainer()
                .withName("asks-for-nothing")
                .endContainer()
                .endSpec()
                .build());
    assertThat(one.demand().amounts()).isEqualTo(two.demand().amounts());
    assertThat(scores(one, placement)).isNotEqualTo(scores(two, placement));
    assertThat(scores(two, placement)).isEqualTo(scores(two, placement()));
  }

  private Placement.Shortlist shortlist(PodFacts pod) {
    return (Placement.Shortlist) placement.begin(pod, profile, true);
  }

  @Test
  void whatExtendersSayDecidesAndIsHeldAgainstWhatIsThereByNow() {
    for (String each : List.of("a", "b", "c")) {
      cluster.put(node(each, false));
    }
    PodFacts pod = PodFacts.of(pod("web", "web", 0, 2).build());
    Placement.Shortlist list = shortlist(pod);
    assertThat(list.nodes()).hasSize(3);
    Verdict verdict =
        new Verdict(
            Map.of("a", new Refusal(Verdict.PLUGIN, List.of("too hot"), true)),
            Map.of("a", 5_000L, "b", 1_000L, "c", 2_000L));
    assertThat(placement.advised(pod, profile, list, verdict))
        .isEqualTo(new Placement.Placed(Objects.requireNonNull(cluster.node("c"))));

    // Meanwhile somebody has taken that node, and the other one is gone.
    cluster.put(PodFacts.of(pod("other", "other", 0, 1).build()), "c");
    cluster.removeNode("b");
    var nowhere = (Placement.Nowhere) placement.advised(pod, profile, list, verdict);
    assertThat(nowhere.diagnosis().message())
        .startsWith("0/2 nodes are available: 1 Insufficient cpu, 1 too hot.");
    assertThat(nowhere.diagnosis().plugins()).contains(Verdict.PLUGIN);
  }

  @Test
  void extendersChooseWhoHasToGoAndMayChooseNobody() {
    for (String each : List.of("a", "b")) {
      cluster.put(node(each, false));
      cluster.put(PodFacts.of(pod("low-" + each, "low", 1, 2).build()), each);
    }
    PodFacts pod = PodFacts.of(pod("high", "high", 1_000, 2).build());
    var nowhere = (Placement.Nowhere) placement.begin(pod, profile, true);
    Placement.Choice choice = Objects.requireNonNull(nowhere.choice());
    assertThat(choice.candidates()).hasSize(2);
    var chosen = nowhere.choosing(choice.candidates().subList(1, 2));
    assertThat(chosen.candidate()).isSameAs(choice.candidates().get(1));
    assertThat(nowhere.choosing(List.of()).diagnosis().message())
        .isEqualTo(
            "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption:"
                + " no candidate node for preemption");
    assertThat(nowhere.failing("it is ill").diagnosis().message())
        .isEqualTo("0/2 nodes are available: 2 Insufficient cpu. preemption: it is ill");
  }
}
