// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

final class PodSecurityConfigurationTest {
  private static final String HEAD =
      "\"apiVersion\":\"pod-security.admission.config.k8s.io/v1\",\"kind\":\"PodSecurityConfiguration\"";

  private static PodSecurityConfiguration read(String fields) throws JsonProcessingException {
    return PodSecurityConfiguration.of(new ObjectMapper().readTree("{" + fields + "}"));
  }

  @Test
  void whatIsLeftOpenIsPrivileged() throws JsonProcessingException {
    PodSecurityConfiguration read =
        read(HEAD + ",\"defaults\":{\"enforce\":\"baseline\",\"enforce-version\":\"v1.30\"}");
    assertThat(read.defaults().enforce()).hasToString("baseline:v1.30");
    assertThat(read.defaults().audit()).hasToString("privileged:latest");
    assertThat(read.defaults().warn()).hasToString("privileged:latest");
  }

  @Test
  void exemptionsAreNamed() throws JsonProcessingException {
    PodSecurityConfiguration read =
        read(HEAD + ",\"exemptions\":{\"namespaces\":[\"kube-system\"],\"usernames\":[\"ci\"]}");
    assertThat(read.exemptions().namespaces()).containsExactly("kube-system");
    assertThat(read.exemptions().users()).containsExactly("ci");
    assertThat(read.exemptions().runtimeClasses()).isEmpty();
  }

  @Test
  void anUnknownLevelIsToldWithItsField() {
    assertThatThrownBy(() -> read(HEAD + ",\"defaults\":{\"enforce\":\"strict\"}"))
        .hasMessage(
            "defaults.enforce: Invalid value: \"strict\": must be one of privileged, baseline,"
                + " restricted");
  }

  @Test
  void anotherKindIsToldByItsName() {
    assertThatThrownBy(() -> read("\"apiVersion\":\"v1\",\"kind\":\"Pod\""))
        .hasMessage(
            "expected kind PodSecurityConfiguration of pod-security.admission.config.k8s.io/v1,"
                + " found kind \"Pod\" of \"v1\"");
  }
}
