// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a node answers by way of the API.
class NodeProxyTest {
  private static final String PROXY = "/api/v1/nodes/n/proxy";

  private final TestApi api = new TestApi();

  @BeforeEach
  void aNodeWithAPod() {
    api.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}");
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    for (String node : new String[] {"n", "other"}) {
      api.post(
          "/api/v1/namespaces/default/pods",
          "{\"metadata\":{\"name\":\"on-%1$s\"},\"spec\":{\"nodeName\":\"%1$s\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
              .formatted(node));
    }
  }

  private void ready(boolean ready) {
    String condition =
        "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"}],\"conditions\":[{\"type\":\"Ready\",\"status\":\"%s\"}]}}"
            .formatted(ready ? "True" : "False");
    assertThat(api.patch("merge-patch+json", "/api/v1/nodes/n/status", condition).status())
        .isEqualTo(200);
  }

  @Test
  void aNodeThatIsReadySaysSoAndWhatRunsThere() {
    ready(true);
    assertThat(api.get(PROXY + "/healthz").text()).isEqualTo("ok");
    assertThat(api.get("/api/v1/nodes/n:10250/proxy/healthz").text()).isEqualTo("ok");
    TestApi.Answer pods = api.get(PROXY + "/pods/");
    assertThat(pods.json().path("kind").asText()).isEqualTo("PodList");
    assertThat(pods.json().path("items")).hasSize(1);
    assertThat(pods.json().at("/items/0/metadata/name").asText()).isEqualTo("on-n");
  }

  @Test
  void whatItDoesNotHaveIsSaid() {
    ready(true);
    TestApi.Answer answer = api.get(PROXY + "/metrics/cadvisor");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.message())
        .isEqualTo("the nodes of this cluster answer healthz and pods, not /metrics/cadvisor");
    assertThat(api.post(PROXY + "/pods", "{}").status()).isEqualTo(405);
    TestApi.Answer unknown = api.get("/api/v1/nodes/x/proxy/healthz");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.message()).isEqualTo("nodes \"x\" not found");
  }

  @Test
  void aNodeThatIsNotReadyIsNotReached() {
    ready(false);
    TestApi.Answer answer = api.get(PROXY + "/healthz");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.message())
        .isEqualTo("error trying to reach service: node \"n\" is not Ready");
  }
}
