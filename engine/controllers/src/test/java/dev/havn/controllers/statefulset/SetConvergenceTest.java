// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.Golden;
import dev.havn.controllers.statefulset.SetPlan.Observed;
import dev.havn.controllers.statefulset.SetPlan.Template;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/// Whatever befalls the pods of a set, it comes back to what it should be, and in order.
class SetConvergenceTest {
  private static final int ROUNDS_MAX = 100;

  private final Map<String, Pod> pods = new TreeMap<>();

  @Property(tries = 100)
  void everySetComesToRest(
      @ForAll @IntRange(max = 4) int replicas,
      @ForAll boolean parallel,
      @ForAll boolean severalAtOnce,
      @ForAll @Size(max = 12) List<@IntRange(max = 29) Integer> blows) {
    pods.clear();
    StatefulSet set = set(replicas, parallel);
    for (int blow : blows) {
      round(set, severalAtOnce);
      strike(blow);
    }
    int rounds = 0;
    while (round(set, severalAtOnce) || heal()) {
      assertThat(++rounds).isLessThan(ROUNDS_MAX);
    }
    List<String> names = new ArrayList<>();
    for (int ordinal = 0; ordinal < replicas; ordinal++) {
      names.add("web-" + ordinal);
    }
    assertThat(pods.keySet()).containsExactlyElementsOf(names);
    assertThat(pods.values()).allMatch(pod -> Identity.revision(pod).equals("new"));
  }

  private static StatefulSet set(int replicas, boolean parallel) {
    return Golden.read(
        Golden.tree(
            Map.of(
                "apiVersion",
                "apps/v1",
                "kind",
                "StatefulSet",
                "metadata",
                Map.of("name", "web", "namespace", "default", "uid", "uid-web"),
                "spec",
                Map.of(
                    "replicas",
                    replicas,
                    "podManagementPolicy",
                    parallel ? "Parallel" : "OrderedReady",
                    "updateStrategy",
                    Map.of("type", "RollingUpdate", "rollingUpdate", Map.of("partition", 0)),
                    "selector",
                    Map.of("matchLabels", Map.of("app", "web")),
                    "template",
                    Map.of("spec", Map.of("containers", List.of(Map.of("name", "c"))))))),
        StatefulSet.class);
  }

  /// Carries out a plan, the pods that go gone at once.
  ///
  /// @return whether anything was to do
  private boolean round(StatefulSet set, boolean severalAtOnce) {
    Template template = new Template("new", set.getSpec().getTemplate());
    SetPlan plan =
        SetPlan.of(
            new Observed(
                new Desired(set),
                List.copyOf(pods.values()),
                _ -> null,
                template,
                template,
                0,
                severalAtOnce,
                Instant.parse("2026-01-01T00:01:00Z")));
    List<Step> steps =
        plan.phases().stream()
            .flatMap(phase -> phase.replicas().stream().flatMap(List::stream))
            .toList();
    for (Step step : steps) {
      switch (step) {
        case Step.CreatePod(Pod pod) -> {
          String name = pod.getMetadata().getName();
          assertThat(pods).doesNotContainKey(name);
          put((int) Identity.ordinal(pod), "new", "Pending");
        }
        case Step.DeletePod(Pod pod) ->
            assertThat(pods.remove(pod.getMetadata().getName())).isNotNull();
        default -> throw new AssertionError(step);
      }
    }
    if (!"Parallel".equals(set.getSpec().getPodManagementPolicy())) {
      assertThat(steps).hasSizeLessThanOrEqualTo(1);
    }
    return !steps.isEmpty();
  }

  /// A blow is what happens to which ordinal.
  private void strike(int blow) {
    int ordinal = blow % 6;
    switch (blow / 6) {
      case 0 -> pods.remove("web-" + ordinal);
      case 1 -> put(ordinal, "new", "Failed");
      case 2 -> put(ordinal, "old", "Running");
      case 3 -> put(ordinal, "old", "Pending");
      default -> put(ordinal, "new", "Running");
    }
  }

  /// Lets every pod that has begun become Ready, and those that have failed and that nobody
  /// replaces: a set waits for ever above two of them that are too many, as in Kubernetes.
  private boolean heal() {
    boolean any = false;
    for (Pod pod : List.copyOf(pods.values())) {
      if (!pod.getStatus().getPhase().equals("Running")) {
        put((int) Identity.ordinal(pod), Identity.revision(pod), "Running");
        any = true;
      }
    }
    return any;
  }

  private void put(int ordinal, String revision, String phase) {
    String name = "web-" + ordinal;
    ObjectNode brief = Api.object().put("name", name).put("revision", revision);
    brief.putObject("labels").put("statefulset.kubernetes.io/pod-name", name);
    brief.put("phase", phase);
    if (phase.equals("Running")) {
      brief.put("ready", "2026-01-01T00:00:00Z");
    }
    pods.put(name, Golden.pod(brief));
  }
}
