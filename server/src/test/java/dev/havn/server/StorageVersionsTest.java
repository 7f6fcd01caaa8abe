// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a server says of itself where StorageVersions are switched on.
class StorageVersionsTest {
  private static final String PATH = "/apis/internal.apiserver.k8s.io/v1alpha1/storageversions";
  private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  private static final String OF_SERVERS =
      "?labelSelector=apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver";

  private static EmbeddedCluster start() {
    return EmbeddedCluster.start(
        0,
        usual ->
            usual
                .withFeatureGates("StorageVersionAPI=true")
                .withRuntimeConfig("internal.apiserver.k8s.io/v1alpha1=true"));
  }

  private static JsonNode lease(Api api) {
    JsonNode leases = api.get(LEASES + OF_SERVERS).path("items");
    assertThat(leases).hasSize(1);
    return leases.get(0);
  }

  @Test
  void aServerSaysInWhichVersionsItKeepsEachResource() {
    try (EmbeddedCluster cluster = start()) {
      Api api = new Api(cluster.client());
      String server = lease(api).at("/metadata/name").asText();
      JsonNode autoscalers = api.get(PATH + "/autoscaling.horizontalpodautoscalers");
      assertThat(autoscalers.at("/status/storageVersions/0").toString())
          .isEqualTo(
              """
              {"apiServerID":"%s","encodingVersion":"autoscaling/v2","decodableVersions":["autoscaling/v2","autoscaling/v1"],"servedVersions":["autoscaling/v2","autoscaling/v1"]}"""
                  .formatted(server));
      assertThat(autoscalers.at("/status/commonEncodingVersion").asText())
          .isEqualTo("autoscaling/v2");
      assertThat(autoscalers.at("/status/conditions/0/reason").asText())
          .isEqualTo("CommonEncodingVersionSet");
      List<String> names = new ArrayList<>();
      api.get(PATH).path("items").forEach(each -> names.add(each.at("/metadata/name").asText()));
      assertThat(names)
          .contains("core.events", "core.pods", "apps.deployments")
          .doesNotContain("events.k8s.io.events", "authentication.k8s.io.tokenreviews");
    }
  }

  @Test
  void itsLeaseIsRenewedAndWhatSomebodyTakesAwayIsSaidAgain() {
    try (EmbeddedCluster cluster = start()) {
      Api api = new Api(cluster.client());
      String before = lease(api).at("/spec/renewTime").asText();
      api.delete(PATH + "/core.pods", Api.object());
      cluster.advance(Duration.ofMinutes(11));
      assertThat(lease(api).at("/spec/renewTime").asText()).isGreaterThan(before);
      assertThat(api.find(PATH + "/core.pods")).isPresent();
    }
  }

  @Test
  void whatASilentServerHasSaidGoesWithItsLease() {
    try (EmbeddedCluster cluster = start()) {
      Api api = new Api(cluster.client());
      ObjectNode lease = lease(api).deepCopy();
      ObjectNode metadata = Api.object().put("name", "apiserver-gone");
      metadata.set("labels", lease.at("/metadata/labels"));
      lease.set("metadata", metadata);
      api.create(LEASES, lease.toString());
      ObjectNode pods = api.get(PATH + "/core.pods").deepCopy();
      ObjectNode said = pods.at("/status/storageVersions/0").deepCopy();
      pods.withObjectProperty("status")
          .withArrayProperty("storageVersions")
          .add(said.put("apiServerID", "apiserver-gone"));
      api.update(PATH + "/core.pods/status", pods);
      cluster.settle();
      assertThat(api.get(PATH + "/core.pods").at("/status/storageVersions")).hasSize(2);
      cluster.advance(Duration.ofMinutes(121));
      assertThat(api.find(LEASES + "/apiserver-gone")).isEmpty();
      assertThat(api.get(PATH + "/core.pods").at("/status/storageVersions")).hasSize(1);
    }
  }

  @Test
  void nobodyIsServedThemWhoHasNotAskedForThem() {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(0)) {
      Api api = new Api(cluster.client());
      assertThat(api.find(PATH)).isEmpty();
      assertThat(api.get(LEASES + OF_SERVERS).path("items")).isEmpty();
    }
    assertThatThrownBy(() -> EmbeddedCluster.start(0, "StorageVersionAPI=true"))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("feature gate StorageVersionAPI needs the API that it writes to");
  }
}
