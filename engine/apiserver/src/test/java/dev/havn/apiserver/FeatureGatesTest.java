// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureGatesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "MaxUnavailableStatefulSet=true",
        " MaxUnavailableStatefulSet = T ,",
        "MaxUnavailableStatefulSet=false,MaxUnavailableStatefulSet=1"
      })
  void aFeatureIsThereWhenItIsSwitchedOn(String text) {
    FeatureGates gates = FeatureGates.parse(text);
    assertThat(gates.has(FeatureGates.Feature.MAX_UNAVAILABLE_STATEFUL_SET)).isTrue();
    assertThat(gates).hasToString("MaxUnavailableStatefulSet=true");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "MaxUnavailableStatefulSet=false",
        "AllAlpha=false,DynamicResourceAllocation=true,InPlacePodVerticalScaling=true"
      })
  void whatChangesNothingIsTaken(String text) {
    assertThat(FeatureGates.parse(text)).isEqualTo(FeatureGates.USUAL);
    assertThat(FeatureGates.USUAL).hasToString("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "MaxUnavailableStatefulSet | missing bool value for MaxUnavailableStatefulSet",
        "MaxUnavailableStatefulSet=yes | invalid value of MaxUnavailableStatefulSet=yes: expected true or false",
        "MaxUnavailable=true | unrecognized feature gate: MaxUnavailable; there are [MaxUnavailableStatefulSet",
        "DynamicResourceAllocation=false | cannot set feature gate DynamicResourceAllocation to false, feature is locked to true",
        "AllAlpha=true | cannot set feature gate AllAlpha to true: of Kubernetes' gates only [MaxUnavailableStatefulSet",
        "LogarithmicScaleDown=true,GangScheduling=true | cannot set feature gate GangScheduling to true: of Kubernetes' gates only",
        "APIServerIdentity=false | cannot set feature gate APIServerIdentity to false: of Kubernetes' gates only"
      })
  void whatCannotBeMeantIsRefused(String text, String why) {
    assertThatThrownBy(() -> FeatureGates.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(why)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void gatesThatAreHereAreOnesOfKubernetesThatItHasOff() {
    for (FeatureGates.Feature each : FeatureGates.Feature.values()) {
      assertThat(FeatureGates.parse(each.gate() + "=false")).isEqualTo(FeatureGates.USUAL);
      assertThat(FeatureGates.parse(each.gate() + "=true").has(each)).isTrue();
    }
  }
}
