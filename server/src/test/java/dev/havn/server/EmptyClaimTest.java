// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// A ResourceClaim that asks for no devices.
class EmptyClaimTest {
  private static final String CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";
  private static final String PODS = "/api/v1/namespaces/default/pods";

  @Test
  void isGivenNothingAndItsPodANode() {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(1)) {
      Api api = new Api(cluster.client());
      api.create(CLAIMS, "{\"metadata\": {\"name\": \"nothing\"}, \"spec\": {}}");
      api.create(
          PODS,
          """
          {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "example/c:1"}],
           "resourceClaims": [{"name": "x", "resourceClaimName": "nothing"}]}}
          """);
      cluster.advance(Duration.ofSeconds(5));
      JsonNode claim = api.get(CLAIMS + "/nothing");
      JsonNode pod = api.get(PODS + "/p");
      assertThat(pod.at("/spec/nodeName").asText()).as("%s", pod.path("status")).isNotEmpty();
      assertThat(claim.at("/status/allocation").has("allocationTimestamp")).isTrue();
      assertThat(claim.at("/status/reservedFor/0/name").asText()).isEqualTo("p");
    }
  }
}
