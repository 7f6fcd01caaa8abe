// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AppArmorTest {
  private static final Pod CONFINED =
      GoldenPods.pod(
          "{metadata: {name: p}, spec: {securityContext: {appArmorProfile: {type: RuntimeDefault}}, containers: []}}");

  @TempDir private Path folder;

  private String message(String kernel) throws IOException {
    Path file = Files.writeString(folder.resolve("enabled"), kernel);
    return new AppArmor(file).refusal(CONFINED).orElseThrow().message();
  }

  @Test
  void theReasonIsTheKernelsOnlyWhereItHasNone() throws IOException {
    String none = "Cannot enforce AppArmor: AppArmor is not enabled on the host";
    assertThat(message("N\n")).isEqualTo(none);
    assertThat(new AppArmor(folder.resolve("none")).refusal(CONFINED).orElseThrow().message())
        .isEqualTo(none);
    assertThat(message("Y\n"))
        .isEqualTo("Cannot enforce AppArmor: this node gives containers no profiles");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{spec: {securityContext: {appArmorProfile: {type: RuntimeDefault}}}} | true",
        "{spec: {containers: [{name: a, securityContext: {appArmorProfile: {type: Localhost}}}]}} | true",
        "{spec: {containers: [{name: a, securityContext: {appArmorProfile: {type: Unconfined}}}]}} | false",
        "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: runtime/default}}, spec: {}} | true",
        "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: localhost/mine}}, spec: {}} | true",
        "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}, spec: {}} | false",
        "{metadata: {}, spec: {}} | false",
      })
  void whoWantsAProfileIsNotTaken(String pod, boolean isRefused) {
    String named =
        pod.contains("metadata") ? pod : pod.replaceFirst("spec:", "metadata: {}, spec:");
    assertThat(new AppArmor(folder.resolve("none")).refusal(GoldenPods.pod(named)).isPresent())
        .isEqualTo(isRefused);
  }

  @Test
  void aContainerThatComesIntoARunningPodDoesNotRunUnconfinedEither() {
    AppArmor armor = new AppArmor(folder.resolve("none"));
    assertThatThrownBy(() -> armor.check(container("Localhost")))
        .isInstanceOfSatisfying(
            StartException.class, e -> assertThat(e.reason()).isEqualTo("CreateContainerError"))
        .hasMessageStartingWith("Cannot enforce AppArmor: ");
    assertThatCode(() -> armor.check(container("Unconfined"))).doesNotThrowAnyException();
  }

  private static Container container(String profile) {
    return GoldenPods.read(
        "{name: debug, securityContext: {appArmorProfile: {type: %s}}}".formatted(profile),
        Container.class);
  }
}
