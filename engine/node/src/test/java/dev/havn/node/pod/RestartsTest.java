// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RestartsTest {
  private static final String RULES =
      "restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}},"
          + " {action: RestartAllContainers, exitCodes: {operator: NotIn, values: [0, 1, 42]}}]";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Always | {name: c} | 0 | true",
        "OnFailure | {name: c} | 0 | false",
        "OnFailure | {name: c} | 1 | true",
        "Never | {name: c} | 1 | false",
        "Always | {name: c, restartPolicy: Never} | 1 | false",
        "Never | {name: c, restartPolicy: OnFailure} | 1 | true",
        "Never | {name: c, restartPolicy: Always} | 0 | true",
        "Never | {name: c, restartPolicy: Never, " + RULES + "} | 42 | true",
        "Never | {name: c, restartPolicy: Never, " + RULES + "} | 1 | false",
        "Never | {name: c, restartPolicy: Never, " + RULES + "} | 7 | true",
      })
  void aContainersOwnRulesComeFirst(String policy, String container, int code, boolean restarts) {
    Pod pod = GoldenPods.pod("spec: {restartPolicy: " + policy + "}");
    assertThat(Restarts.of(pod, GoldenPods.read(container, Container.class), code))
        .isEqualTo(restarts);
  }

  @Test
  void anInitContainerThatSucceededIsDone() {
    Pod pod = GoldenPods.pod("spec: {restartPolicy: Always}");
    Container container = GoldenPods.read("{name: c}", Container.class);
    assertThat(Restarts.ofInit(pod, container, 0)).isFalse();
    assertThat(Restarts.ofInit(pod, container, 1)).isTrue();
  }

  @Test
  void someEndsLetTheWholePodStartOver() {
    Container container =
        GoldenPods.read("{name: c, restartPolicy: Never, " + RULES + "}", Container.class);
    assertThat(Restarts.ofAll(container, 7)).isTrue();
    assertThat(Restarts.ofAll(container, 42)).isFalse();
    assertThat(Restarts.ofAll(container, 0)).isFalse();
  }
}
