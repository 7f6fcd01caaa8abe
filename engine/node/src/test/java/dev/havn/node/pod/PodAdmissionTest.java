// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Feature;
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
            PodAdmission.refusal(GoldenPods.pod("{spec: " + spec + "}"), Set.of())
                .map(PodStatusOf.Ending::reason)
                .orElse(null))
        .isEqualTo(reason);
  }

  @Test
  void groupsAreStrictWhereUsersAreTheContainersOwn() {
    String spec = "{securityContext: {supplementalGroupsPolicy: Strict}, containers: [{name: a}]}";
    assertThat(PodAdmission.refusal(GoldenPods.pod("{spec: " + spec + "}"), Set.of(Feature.USERS)))
        .isEmpty();
  }
}
