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
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "metadata: {labels: {kubernetes.io/os: windows}}, spec: {os: {name: windows}} | PodOSSelectorNodeLabelDoesNotMatch",
        "metadata: {labels: {kubernetes.io/os: windows}}, spec: {}, status: {startTime: '2026-01-01T00:00:00Z'} | none",
        "metadata: {labels: {kubernetes.io/os: linux}}, spec: {} | none",
        "metadata: {}, spec: {os: {name: windows}, securityContext: {supplementalGroupsPolicy: Strict}} | PodOSNotSupported",
      })
  void theLabelOfAPodSpeaksBeforeItsField(String pod, String reason) {
    assertThat(
            PodAdmission.refusal(GoldenPods.pod("{" + pod + "}"), Set.of())
                .map(PodStatusOf.Ending::reason)
                .orElse(null))
        .isEqualTo(reason);
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
