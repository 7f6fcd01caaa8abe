// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VolumesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "configMap: {name: c} | true",
        "secret: {secretName: s} | true",
        "downwardAPI: {items: []} | true",
        "projected: {sources: []} | true",
        "image: {reference: i} | true",
        "emptyDir: {} | false",
        "hostPath: {path: /srv} | false",
      })
  void onlyTheNodeWritesToVolumesMadeOfObjects(String source, boolean readOnly) {
    Pod pod = GoldenPods.pod("spec: {volumes: [{name: v, %s}]}".formatted(source));
    assertThat(Volumes.isReadOnly(pod, "v")).isEqualTo(readOnly);
    assertThat(Volumes.isReadOnly(pod, "other")).isFalse();
  }
}
