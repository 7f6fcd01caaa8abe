// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What controllers do, and say, while something they need is missing.
class RetriesTest {
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(0);
    client = cluster.client();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void make(String yaml) {
    client.resource(yaml).inNamespace("default").create();
  }

  private List<Event> events(String reason) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getReason().equals(reason))
        .toList();
  }

  @Test
  void aJobTriesPodsThatAreRefusedAgainAfterOneSecondAndThenTwo() {
    make(
        """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: j}
        spec:
          template:
            spec:
              serviceAccountName: nobody
              restartPolicy: Never
              containers: [{name: c, image: 'example/c:1'}]
        """);
    cluster.advance(Duration.ofMillis(3_500));
    assertThat(events("FailedCreate")).singleElement().matches(each -> each.getCount() == 3);
  }

  @Test
  void aPodIsToldOfItsClaimsWhenItHasAllOfThem() {
    make(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec:
          containers: [{name: c, image: 'example/c:1'}]
          resourceClaims:
          - {name: one, resourceClaimTemplateName: there}
          - {name: two, resourceClaimTemplateName: later}
        """);
    String template =
        """
        apiVersion: resource.k8s.io/v1
        kind: ResourceClaimTemplate
        metadata: {name: there}
        spec: {spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu}}]}}}
        """;
    make(template);
    cluster.advance(Duration.ofSeconds(4));
    assertThat(client.resources(ResourceClaim.class).inNamespace("default").list().getItems())
        .hasSize(1);
    assertThat(client.pods().inNamespace("default").withName("p").get().getStatus())
        .matches(each -> each.getResourceClaimStatuses().isEmpty());
    assertThat(events("FailedResourceClaimCreation").stream().mapToInt(Event::getCount).sum())
        .isGreaterThan(9);
    make(template.replace("there", "later"));
    cluster.advance(Duration.ofSeconds(4));
    assertThat(client.resources(ResourceClaim.class).inNamespace("default").list().getItems())
        .hasSize(2);
    assertThat(
            client
                .pods()
                .inNamespace("default")
                .withName("p")
                .get()
                .getStatus()
                .getResourceClaimStatuses())
        .extracting(each -> each.getName())
        .containsExactly("one", "two");
  }

  @Test
  void aBudgetOverPodsOfAnUnknownKindSaysThatItIsUnknown() {
    make(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: x
          labels: {a: r}
          ownerReferences:
          - {apiVersion: no.example/v1, kind: Nope, name: n, uid: u, controller: true}
        spec: {containers: [{name: c, image: 'example/c:1'}]}
        """);
    make(
        """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: b}
        spec: {maxUnavailable: 1, selector: {matchLabels: {a: r}}}
        """);
    cluster.advance(Duration.ofSeconds(1));
    String unknown = "no matches for kind \"Nope\" in version \"no.example/v1\"";
    assertThat(events("CalculateExpectedPodCountFailed"))
        .isNotEmpty()
        .allMatch(each -> each.getMessage().endsWith(": " + unknown));
    PodDisruptionBudget budget =
        client.policy().v1().podDisruptionBudget().inNamespace("default").withName("b").get();
    assertThat(budget.getStatus().getConditions())
        .singleElement()
        .matches(each -> each.getReason().equals("SyncFailed"))
        .matches(each -> each.getMessage().equals(unknown));
  }
}
