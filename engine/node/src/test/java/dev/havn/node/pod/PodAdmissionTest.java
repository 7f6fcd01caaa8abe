// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Feature;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodAdmissionTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "{containers: [{name: a}]} | none",
        "{os: {name: linux}, containers: [{name: a}]} | none",
        "{os: {name: windows}, containers: [{name: a}]} | PodOSNotSupported",
        "{securityContext: {supplementalGroupsPolicy: Merge}, containers: [{name: a}]} | none",
        "{securityContext: {supplementalGroupsPolicy: Strict}, containers: [{name: a}]}"
            + " | SupplementalGroupsPolicyNotSupported",
        "{securityContext: {appArmorProfile: {type: RuntimeDefault}}, containers: [{name: a}]}"
            + " | AppArmor",
        "{containers: [{name: a, securityContext: {appArmorProfile: {type: Localhost}}}]}"
            + " | AppArmor",
        "{containers: [{name: a, securityContext: {appArmorProfile: {type: Unconfined}}}]} | none",
      })
  void refusesWhatItCouldNotEnforce(String spec, String reason) {
    assertThat(
            PodAdmission.refusal(
                    GoldenPods.pod("{metadata: {name: p}, spec: " + spec + "}"), Set.of())
                .map(PodStatusOf.Ending::reason)
                .orElse(null))
        .isEqualTo(reason);
  }

  @ParameterizedTest
  @CsvSource({"runtime/default, true", "localhost/mine, true", "unconfined, false"})
  void profilesThatAnnotationsNameAreRefusedToo(String profile, boolean refused) {
    String pod =
        "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: %s}}, spec: {containers: [{name: a}]}}";
    assertThat(PodAdmission.refusal(GoldenPods.pod(pod.formatted(profile)), Set.of()).isPresent())
        .isEqualTo(refused);
  }

  @Test
  void groupsAreStrictWhereUsersAreTheContainersOwn() {
    String spec = "{securityContext: {supplementalGroupsPolicy: Strict}, containers: [{name: a}]}";
    assertThat(
            PodAdmission.refusal(
                GoldenPods.pod("{metadata: {name: p}, spec: " + spec + "}"),
                Set.of(Feature.GROUPS_POLICY)))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "status: {qosClass: BestEffort} | [MemoryPressure] | true",
        "status: {qosClass: Burstable} | [MemoryPressure] | false",
        "status: {qosClass: Burstable} | [DiskPressure] | true",
        "status: {qosClass: BestEffort, startTime: '2026-01-01T00:00:00Z'} | [DiskPressure] | false",
        "status: {qosClass: BestEffort}, spec: {tolerations: [{operator: Exists}]}"
            + " | [MemoryPressure] | false",
        "status: {qosClass: BestEffort}, spec: {priority: 2000001000} | [DiskPressure] | false",
      })
  void aNodeThatIsShortTakesOnlyWhatMakesItNoWorse(String pod, String pressures, boolean refused) {
    String spec = pod.contains("spec:") ? "" : ", spec: {containers: []}";
    var refusal =
        PodAdmission.refusal(
            GoldenPods.pod("{metadata: {name: p}, " + pod + spec + "}"),
            List.of(pressures.substring(1, pressures.length() - 1)));
    assertThat(refusal.isPresent()).isEqualTo(refused);
    refusal.ifPresent(
        each ->
            assertThat(each.message()).isEqualTo("The node had condition: " + pressures + ". "));
  }
}
