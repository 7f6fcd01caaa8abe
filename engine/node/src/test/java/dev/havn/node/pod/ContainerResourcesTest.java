// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainerResourcesTest {
  private static final long MACHINE_BYTES = 1L << 30;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BestEffort | {} | 2 | 0 | 0 | 1000",
        "Burstable | {requests: {cpu: 250m, memory: 256Mi}} | 256 | 0 | 0 | 750",
        "Burstable | {limits: {cpu: 1500m, memory: 1Gi}} | 1536 | 150000 | 1073741824 | 999",
        "Burstable | {requests: {cpu: 1m, memory: 2Gi}} | 2 | 0 | 0 | 3",
        "Guaranteed | {limits: {cpu: '1', memory: 1Mi}, requests: {cpu: '1', memory: 1Mi}}"
            + " | 1024 | 100000 | 1048576 | -997",
      })
  void boundsFollowRequestsAndLimits(
      String quality, String resources, long shares, long quota, long memory, int score) {
    Pod pod =
        GoldenPods.pod(
            "{spec: {containers: [{name: c, resources: %s}]}, status: {qosClass: %s}}"
                .formatted(resources, quality));
    Container container = pod.getSpec().getContainers().getFirst();
    assertThat(ContainerResources.of(pod, container, MACHINE_BYTES))
        .isEqualTo(new Resources(shares, quota, memory, score));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | 1536 | 150000 | 1048576",
        "{limits: {cpu: 500m}} | 512 | 50000 | 1048576",
        "{requests: {cpu: 500m}, limits: {memory: 512Ki}} | 512 | 150000 | 524288",
      })
  void aContainerWithoutLimitsHasThoseOfItsPod(
      String resources, long shares, long quota, long memory) {
    Pod pod =
        GoldenPods.pod(
            """
            spec:
              resources: {limits: {cpu: 1500m, memory: 1Mi}}
              containers: [{name: c, resources: %s}]
            """
                .formatted(resources));
    Container container = pod.getSpec().getContainers().getFirst();
    assertThat(ContainerResources.of(pod, container, MACHINE_BYTES))
        .isEqualTo(new Resources(shares, quota, memory, 1_000));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{requests: {cpu: 1000m}} | {requests: {cpu: '1'}} | true",
        "{requests: {cpu: 2m}} | {requests: {cpu: 1m}} | false",
        "{} | {limits: {memory: 1Mi}} | false",
        "{} | {requests: {ephemeral-storage: 1Mi}} | true",
      })
  void onlyProcessorsAndMemoryAreCompared(String one, String other, boolean same) {
    assertThat(
            ContainerResources.same(
                GoldenPods.read(one, ResourceRequirements.class),
                GoldenPods.read(other, ResourceRequirements.class)))
        .isEqualTo(same);
  }

  @ParameterizedTest
  @CsvSource({"cpu, true", "memory, false"})
  void aContainerRestartsWhereItsPolicySaysSo(String resource, boolean restarts) {
    Container container =
        GoldenPods.read(
            "{name: c, resources: {requests: {cpu: 2m}}, resizePolicy: "
                + "[{resourceName: %s, restartPolicy: RestartContainer}]}".formatted(resource),
            Container.class);
    ResourceRequirements applied =
        GoldenPods.read("{requests: {cpu: 1m}}", ResourceRequirements.class);
    assertThat(Resizes.mustRestart(container, container.getResources(), applied))
        .isEqualTo(restarts);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "containers: [{name: a}] | 0",
        "containers: [{name: a, resources: {limits: {memory: 3Mi}}}, {name: b}] | 0",
        "containers: [{name: a, resources: {limits: {memory: 3Mi}}},"
            + " {name: b, resources: {limits: {memory: 4Mi}}}] | 7",
        "resources: {limits: {memory: 9Mi}}, containers: [{name: a}] | 9",
        "initContainers: [{name: i, resources: {limits: {memory: 9Mi}}}],"
            + " containers: [{name: a, resources: {limits: {memory: 3Mi}}}] | 9",
        "initContainers: [{name: i, restartPolicy: Always, resources: {limits: {memory: 9Mi}}}],"
            + " containers: [{name: a, resources: {limits: {memory: 3Mi}}}] | 12",
        "overhead: {memory: 1Mi}, containers: [{name: a, resources: {limits: {memory: 3Mi}}}] | 4",
        "overhead: {memory: 1Mi}, containers: [{name: a}] | 0",
      })
  void aPodIsBoundedByWhatItSaysOrByAllItsContainers(String spec, long mebibytes) {
    Pod pod = GoldenPods.pod("{spec: {" + spec + "}}");
    assertThat(ContainerResources.ofPod(pod).memoryBytes()).isEqualTo(mebibytes << 20);
  }
}
