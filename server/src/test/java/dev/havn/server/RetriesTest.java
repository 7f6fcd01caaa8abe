// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
  void slicesThatAreRefusedAreTriedAgainAfterOneSecondAndThenTwo() {
    make(
        """
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: none}
        spec: {hard: {count/endpointslices.discovery.k8s.io: '0'}}
        """);
    cluster.advance(Duration.ofSeconds(1));
    make(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: s}
        spec: {selector: {app: none}, ports: [{port: 80}]}
        """);
    cluster.advance(Duration.ofMillis(3_500));
    assertThat(events("FailedToUpdateEndpointSlices")).hasSize(3);
  }

  @Test
  void endpointsWithMoreAddressesThanAreMirroredAreToldSo() {
    make(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: s}
        spec: {ports: [{port: 80}]}
        """);
    String addresses =
        IntStream.range(0, 1_001)
            .mapToObj(i -> "{ip: 198.18.%d.%d}".formatted(i / 250, i % 250))
            .collect(Collectors.joining(", "));
    make(
        """
        apiVersion: v1
        kind: Endpoints
        metadata: {name: s}
        subsets: [{addresses: [%s], ports: [{port: 80}]}]
        """
            .formatted(addresses));
    cluster.advance(Duration.ofSeconds(1));
    assertThat(events("TooManyAddressesToMirror"))
        .singleElement()
        .matches(
            each ->
                each.getMessage()
                    .equals(
                        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset."
                            + " 1 addresses were skipped"));
    assertThat(client.discovery().v1().endpointSlices().inNamespace("default").list().getItems())
        .filteredOn(each -> each.getMetadata().getName().startsWith("s-"))
        .singleElement()
        .matches(each -> each.getEndpoints().size() == 1_000);
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
