// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AppArmorAnnotationsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "runtime/default | {} | {'type':'RuntimeDefault'}",
        "unconfined | {} | {'type':'Unconfined'}",
        "localhost/mine | {} | {'type':'Localhost','localhostProfile':'mine'}",
        "localhost/ | {} | none",
        "elsewhere | {} | none",
        "unconfined | {'appArmorProfile':{'type':'RuntimeDefault'}} | {'type':'RuntimeDefault'}",
      },
      quoteCharacter = '`')
  void becomeFieldsWhereTheFieldIsNotThere(String annotation, String context, String profile)
      throws JsonProcessingException {
    ObjectNode pod =
        (ObjectNode)
            JSON.readTree(
                """
                {"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/c":"%s"}},
                 "spec":{"containers":[{"name":"c","securityContext":%s},{"name":"d"}]}}
                """
                    .formatted(annotation, context.replace('\'', '"')));
    AppArmorAnnotations.copy(pod);
    String found = pod.at("/spec/containers/0/securityContext/appArmorProfile").toString();
    assertThat(found).isEqualTo(profile == null ? "" : profile.replace('\'', '"'));
    assertThat(pod.at("/spec/containers/1").has("securityContext")).isFalse();
  }
}
