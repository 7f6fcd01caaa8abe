// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.Golden;
import dev.havn.controllers.statefulset.SetPlan.Observed;
import dev.havn.controllers.statefulset.SetPlan.Template;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A set may ask for more than anybody can hold: what is planned is what one look can do.
class SetPlanBoundsTest {
  private static final int REPLICAS = 2_000_000_000;

  private static StatefulSet set(String management, int start) {
    return new StatefulSetBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .withUid("uid-web")
        .endMetadata()
        .withNewSpec()
        .withReplicas(REPLICAS)
        .withPodManagementPolicy(management)
        .withNewOrdinals(start)
        .withNewUpdateStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxUnavailable(new IntOrString("100%"))
        .withPartition(0)
        .endRollingUpdate()
        .endUpdateStrategy()
        .withNewSelector()
        .addToMatchLabels("app", "web")
        .endSelector()
        .withNewTemplate()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static List<Step> steps(StatefulSet set, Pod... pods) {
    Template template = new Template("new", set.getSpec().getTemplate());
    return SetPlan.of(
            new Observed(
                new Desired(set),
                List.of(pods),
                _ -> null,
                template,
                template,
                0,
                /* severalAtOnce= */ true,
                Instant.parse("2026-01-01T00:01:00Z")))
        .phases()
        .stream()
        .flatMap(phase -> phase.replicas().stream().flatMap(List::stream))
        .toList();
  }

  private static Pod pod(String name, String revision) {
    ObjectNode brief = Api.object().put("name", name).put("revision", revision);
    brief.putObject("labels").put("statefulset.kubernetes.io/pod-name", name);
    return Golden.pod(brief.put("ready", "2026-01-01T00:00:00Z"));
  }

  @Test
  void podsThatDoNotWaitAreMadeSomeAtATime() {
    List<Step> steps = steps(set("Parallel", 0));
    assertThat(steps).hasSize(500).allMatch(Step.CreatePod.class::isInstance);
    assertThat(((Step.CreatePod) steps.getLast()).pod().getMetadata().getName())
        .isEqualTo("web-499");
  }

  @Test
  void thoseBeyondTheOnesMadeNowAreLookedAfterToo() {
    Pod failed = pod("web-1000000000", "new");
    failed.getStatus().setPhase("Failed");
    assertThat(steps(set("Parallel", 0), failed)).hasSize(501).endsWith(new Step.DeletePod(failed));
  }

  @Test
  void podsThatWaitAreMadeOneByOne() {
    assertThat(steps(set("OrderedReady", 0))).hasSize(1);
    assertThat(steps(set("OrderedReady", 0), pod("web-0", "new")))
        .singleElement()
        .matches(
            step ->
                step instanceof Step.CreatePod(Pod pod)
                    && pod.getMetadata().getName().equals("web-1"));
  }

  @Test
  void ordinalsMayBeBeyondTheGreatestInt() {
    Pod highest = pod("web-3999999999", "new");
    assertThat(steps(set("Parallel", REPLICAS), highest))
        .hasSize(500)
        .allMatch(Step.CreatePod.class::isInstance);
    assertThat(steps(set("Parallel", REPLICAS), pod("web-4000000000", "new")))
        .filteredOn(Step.DeletePod.class::isInstance)
        .hasSize(1);
  }

  @Test
  void whatIsMissingCountsAgainstAnUpdate() {
    StatefulSet set = set("Parallel", 0);
    assertThat(steps(set, pod("web-7", "old")))
        .filteredOn(Step.DeletePod.class::isInstance)
        .hasSize(1);
    set.getSpec().getUpdateStrategy().getRollingUpdate().setMaxUnavailable(new IntOrString("50%"));
    assertThat(steps(set, pod("web-7", "old"))).noneMatch(Step.DeletePod.class::isInstance);
  }
}
