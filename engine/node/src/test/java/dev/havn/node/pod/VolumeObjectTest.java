// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VolumeObjectTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "configMap: {name: a} | CONFIG_MAP | true",
        "configMap: {name: b} | CONFIG_MAP | false",
        "configMap: {name: a} | SECRET | false",
        "secret: {secretName: a} | SECRET | true",
        "projected: {sources: [{downwardAPI: {items: []}}, {configMap: {name: a}}]} | CONFIG_MAP | true",
        "projected: {sources: [{secret: {name: a}}]} | SECRET | true",
        "projected: {sources: [{secret: {name: a}}]} | CONFIG_MAP | false",
        "emptyDir: {} | SECRET | false",
      })
  void aPodHasAVolumeThatIsMadeOfIt(String source, VolumeObject.Kind kind, boolean isIn) {
    Pod pod =
        GoldenPods.pod(
            "{metadata: {namespace: n}, spec: {volumes: [{name: v, %s}]}}".formatted(source));
    assertThat(new VolumeObject(kind, "n", "a").isIn(pod)).isEqualTo(isIn);
    assertThat(new VolumeObject(kind, "other", "a").isIn(pod)).isFalse();
  }
}
