// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.admission.podsecurity.PodSecurityConfiguration;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.apiserver.http.Credential;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// APIs that are switched off.
class RuntimeConfigTest {
  private static final Set<String> KNOWN =
      Set.of("v1", "apps/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1beta1");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "apps/v1=false | apps/v1 | false",
        "apps/v1=false | v1 | true",
        "api/all=false,api/v1 | v1 | true",
        "api/all=false,api/v1=true | apps/v1 | false",
        "api/beta=false | batch/v1beta1 | false",
        "api/beta=false,batch/v1beta1=true | batch/v1beta1 | true",
        "api/ga=false,api/all=true | apps/v1 | false",
      })
  void whatIsNamedCloserWins(String text, String apiVersion, boolean served) {
    assertThat(RuntimeConfig.parse(text, KNOWN).serves(apiVersion)).isEqualTo(served);
  }

  @Test
  void whatCannotBeMeantIsRefused() {
    assertThatThrownBy(() -> RuntimeConfig.parse("apps/v2=true", KNOWN))
        .hasMessageStartingWith("unknown api group version 'apps/v2': there are [apps/v1, ");
    assertThatThrownBy(() -> RuntimeConfig.parse("apps/v1=off", KNOWN))
        .hasMessage("apps/v1 must be true or false, not 'off'");
  }

  @Test
  void whatIsSwitchedOffIsNotThereForClientsButForThisProcess() {
    TestApi api =
        new TestApi(
            new ApiOptions(
                PodSecurityConfiguration.STANDARD,
                Auditing.Settings.NONE,
                RuntimeConfig.parse("apps/v1=false,autoscaling/v1=false", KNOWN)));
    api.post(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        """
        {"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
         "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"system:anonymous"}]}
        """);
    Credential nobody = new Credential.None();
    TestApi.Answer answer = api.ask("GET", "/apis/apps/v1/deployments").as(nobody).send();
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.text()).isEqualTo("404 page not found\n");
    assertThat(
            api.ask("GET", "/apis/autoscaling/v2/horizontalpodautoscalers")
                .as(nobody)
                .send()
                .status())
        .isEqualTo(200);
    assertThat(api.get("/apis/apps/v1/deployments").status()).isEqualTo(200);
    assertThat(api.get("/apis").text()).doesNotContain("\"apps").doesNotContain("autoscaling/v1\"");
    assertThat(api.get("/apis/apps/v1").status()).isEqualTo(404);
    assertThat(api.get("/apis/apiregistration.k8s.io/v1/apiservices/v1.apps").status())
        .isEqualTo(404);
    assertThat(api.get("/openapi/v3").text()).doesNotContain("apis/apps/v1");
  }
}
