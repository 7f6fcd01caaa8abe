// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Resources as a kubelet of 1.36 tells them.
class DownwardApiTest {
  private static final Map<String, BigDecimal> NODE =
      Map.of(
          "cpu", BigDecimal.valueOf(8),
          "memory", BigDecimal.valueOf(16L << 30),
          "ephemeral-storage", BigDecimal.valueOf(100L << 30));

  private static Pod pod(String whole) {
    return GoldenPods.pod(
        """
        spec:
          resources: {limits: %s}
          initContainers:
            - {name: first, resources: {limits: {cpu: 1500m}}}
            - {name: side, restartPolicy: Always, resources: {requests: {memory: 3Mi}}}
          containers:
            - {name: main, resources: {limits: {memory: 100Mi}, requests: {cpu: 250m}}}
            - {name: free}
        """
            .formatted(whole));
  }

  private static ResourceFieldSelector selector(String container, String resource, String divisor) {
    return GoldenPods.read(
        "{containerName: '%s', resource: %s, divisor: '%s'}"
            .formatted(container, resource, divisor),
        ResourceFieldSelector.class);
  }

  private static String variable(String whole, String container, String resource, String divisor) {
    Pod pod = pod(whole);
    Container own = pod.getSpec().getContainers().getLast();
    return DownwardApi.variable(pod, own, selector(container, resource, divisor), NODE);
  }

  @ParameterizedTest
  @CsvSource({
    "main, limits.memory, 1Mi, 100",
    "main, limits.memory, 0, 104857600",
    "main, requests.cpu, 1m, 250",
    "main, requests.cpu, 1, 1",
    "main, limits.cpu, 1, 8",
    "'', limits.cpu, 1, 8",
    "'', limits.memory, 1Gi, 16",
    "'', limits.ephemeral-storage, 1Gi, 100",
    "'', limits.hugepages-2Mi, 1, 0",
    "'', requests.ephemeral-storage, 1, 0",
    "first, limits.cpu, 1m, 1500",
    "side, requests.memory, 1Mi, 3",
    "side, limits.memory, 1Mi, 0",
  })
  void aVariableIsOfTheContainerThatItNames(
      String container, String resource, String divisor, String value) {
    assertThat(variable("{}", container, resource, divisor)).isEqualTo(value);
  }

  @Test
  void theLimitsOfAPodAreThoseOfItsContainersWithoutAny() {
    String whole = "{cpu: 2, memory: 1Gi}";
    assertThat(variable(whole, "", "limits.cpu", "1")).isEqualTo("2");
    assertThat(variable(whole, "", "limits.memory", "1Mi")).isEqualTo("1024");
    assertThat(variable(whole, "main", "limits.memory", "1Mi")).isEqualTo("100");
    assertThat(variable(whole, "", "limits.ephemeral-storage", "1Gi")).isEqualTo("100");
  }

  @Test
  void aFileIsOfTheContainerThatItNames() {
    Pod pod = pod("{cpu: 2}");
    assertThat(DownwardApi.file(pod, selector("first", "limits.cpu", "1m"), NODE))
        .isEqualTo("1500");
    assertThat(DownwardApi.file(pod, selector("side", "limits.cpu", "1"), NODE)).isEqualTo("8");
    assertThat(DownwardApi.file(pod, selector("free", "limits.cpu", "1"), NODE)).isEqualTo("8");
    assertThatThrownBy(() -> DownwardApi.file(pod, selector("none", "limits.cpu", "1"), NODE))
        .hasMessage("container none not found");
  }
}
