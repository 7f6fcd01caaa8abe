// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemandTest {
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          containers: [{name: a, resources: {requests: {cpu: 1}}}, {name: b, resources: {requests: {cpu: 500m}}}]|1500|1500
          containers: [{name: a}, {name: b, resources: {requests: {cpu: 500m}}}]|500|600
          containers: [{name: a, resources: {requests: {cpu: 1}}}], overhead: {cpu: 250m}|1250|1250
          containers: [{name: a, resources: {requests: {cpu: 1}}}], initContainers: [{name: i, resources: {requests: {cpu: 3}}}]|3000|3000
          containers: [{name: a, resources: {requests: {cpu: 1}}}], initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 500m}}}, {name: i, resources: {requests: {cpu: 1200m}}}]|1700|1700
          containers: [{name: a, resources: {requests: {cpu: 1}}}], initContainers: [{name: i, resources: {requests: {cpu: 1200m}}}, {name: s, restartPolicy: Always, resources: {requests: {cpu: 500m}}}]|1500|1500
          containers: [{name: a, resources: {requests: {cpu: 1}}}], resources: {requests: {cpu: 4}}, overhead: {cpu: 250m}|4250|4250
          """)
  void whatAPodAsksFor(String spec, long asked, long scored) {
    Pod pod =
        MODELS.unmarshal(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {" + spec + "}\n", Pod.class);
    Demand demand = Demand.of(pod);
    assertThat(demand.amounts().milliCpu()).isEqualTo(asked);
    assertThat(demand.scored().milliCpu()).isEqualTo(scored);
  }

  /// Until a resize is done the pod holds the larger amount.
  @ParameterizedTest
  @CsvSource({"1, 2, 2000", "3, 2, 3000"})
  void aPodThatIsResizedHoldsTheLargerAmount(String wanted, String allocated, long held) {
    Pod pod =
        MODELS.unmarshal(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec: {nodeName: n, containers: [{name: a, resources: {requests: {cpu: %s}}}]}
            status: {containerStatuses: [{name: a, allocatedResources: {cpu: %s}}]}
            """
                .formatted(wanted, allocated),
            Pod.class);
    assertThat(Demand.of(pod).amounts().milliCpu()).isEqualTo(held);
  }

  @ParameterizedTest
  @CsvSource({"1, 1250m, 2250m, 2250", "3, 2250m, 2250m, 3250", "1, 2250m, 1250m, 2250"})
  void soDoesOneThatIsResizedAsAWhole(String wanted, String allocated, String has, long held) {
    Pod pod =
        MODELS.unmarshal(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec:
              nodeName: n
              overhead: {cpu: 250m}
              resources: {requests: {cpu: %s}}
              containers: [{name: a}]
            status: {allocatedResources: {cpu: %s}, resources: {requests: {cpu: %s}}}
            """
                .formatted(wanted, allocated, has),
            Pod.class);
    assertThat(Demand.of(pod).amounts().milliCpu()).isEqualTo(held);
  }
}
