// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Feature;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnenforcedTest {
  private static Pod pod(String spec) {
    return GoldenPods.pod("{metadata: {name: p}, spec: " + spec + "}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{containers: [{name: a}]} | ''",
        "{shareProcessNamespace: true, containers: []} | shareProcessNamespace",
        "{securityContext: {sysctls: [{name: a, value: b}]}, containers: []} | sysctls",
        "{securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: []} | seccompProfile",
        "{securityContext: {seccompProfile: {type: Unconfined}}, containers: []} | ''",
        "{containers: [{name: a, securityContext: {capabilities: {drop: [ALL]}}}]} | capabilities",
        "{initContainers: [{name: a, securityContext: {capabilities: {add: [SYS_TIME]}}}], containers: []}"
            + " | capabilities",
        "{containers: [{name: a, securityContext: {seccompProfile: {type: RuntimeDefault}}}]} | seccompProfile",
        "{containers: [{name: a, resources: {limits: {cpu: 1}}}, {name: b, resources: {limits: {memory: 1Gi}}}]}"
            + " | limits.cpu, limits.memory",
        "{resources: {limits: {cpu: 1, memory: 1Gi}}, containers: [{name: a, resources: {limits: {memory: 1Gi}}}]}"
            + " | limits.cpu, limits.memory",
        "{containers: [{name: a, resources: {limits: {ephemeral-storage: 1Gi}, requests: {cpu: 1}}}]} | ''",
      })
  void whatARuntimeHasNoMeansForIsNamed(String spec, String fields) {
    assertThat(Unenforced.of(pod(spec), Set.of(), "process").orElse(""))
        .isEqualTo(fields.isEmpty() ? "" : "The runtime process does not enforce: " + fields);
  }

  @Test
  void aContainerThatComesLaterIsToldOfWhatItRunsWithout() {
    Container debugger =
        GoldenPods.read(
            "{name: d, securityContext: {capabilities: {add: [SYS_PTRACE]}}}", Container.class);
    assertThat(Unenforced.of(debugger, Set.of(), "process"))
        .hasValue("The runtime process does not enforce: capabilities");
    assertThat(Unenforced.of(debugger, EnumSet.of(Feature.HARDENING), "x")).isEmpty();
  }

  @Test
  void aRuntimeThatDoesAllIsSilent() {
    Pod pod =
        pod(
            "{shareProcessNamespace: true, securityContext: {sysctls: [{name: a, value: b}],"
                + " seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext:"
                + " {capabilities: {drop: [ALL]}}, resources: {limits: {cpu: 1}}}]}");
    assertThat(Unenforced.of(pod, EnumSet.allOf(Feature.class), "runc")).isEmpty();
    assertThat(Unenforced.of(pod, EnumSet.of(Feature.HARDENING), "x").orElse(""))
        .endsWith("shareProcessNamespace, sysctls, limits.cpu");
  }
}
