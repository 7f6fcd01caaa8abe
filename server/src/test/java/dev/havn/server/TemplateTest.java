// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Clusters of one JVM, of which all but the first begin with a copy.
class TemplateTest {
  private EmbeddedCluster one;
  private EmbeddedCluster other;

  @BeforeEach
  void start() {
    EmbeddedCluster.start(1).close();
    one = EmbeddedCluster.start(1);
    other = EmbeddedCluster.start(1);
  }

  @AfterEach
  void close() {
    one.close();
    other.close();
  }

  @Test
  void clustersHaveTheSameObjectsWithUidsOfTheirOwn() {
    List<String> names = all(one).map(TemplateTest::name).toList();
    assertThat(names).contains("Namespace/kube-system", "ServiceAccount/default", "Node/havn");
    assertThat(all(other).map(TemplateTest::name)).isEqualTo(names);
    assertThat(all(one).map(object -> object.getMetadata().getUid()))
        .doesNotContainAnyElementsOf(
            all(other).map(object -> object.getMetadata().getUid()).toList());
  }

  @Test
  void ownersAreStillThoseOfTheSameCluster() {
    Node node = one.client().nodes().withName("havn").get();
    one.advance(Duration.ofMinutes(2));
    Lease lease = one.client().leases().inNamespace("kube-node-lease").withName("havn").get();
    assertThat(lease.getMetadata().getOwnerReferences())
        .singleElement()
        .matches(owner -> owner.getUid().equals(node.getMetadata().getUid()));
  }

  @Test
  void aTokenIsNoneInAnotherCluster() {
    String token =
        one.client()
            .serviceAccounts()
            .inNamespace("default")
            .withName("default")
            .tokenRequest(new TokenRequest())
            .getStatus()
            .getToken();
    assertThat(review(one, token).getStatus().getAuthenticated()).isTrue();
    assertThat(review(other, token).getStatus().getAuthenticated()).isNotEqualTo(true);
  }

  @Test
  void controllersLeadAtOnce() {
    Lease lease =
        one.client().leases().inNamespace("kube-system").withName("kube-controller-manager").get();
    String before = lease.getSpec().getHolderIdentity();
    one.advance(Duration.ofMinutes(5));
    assertThat(
            one.client()
                .leases()
                .inNamespace("kube-system")
                .withName("kube-controller-manager")
                .get()
                .getSpec())
        .matches(spec -> spec.getHolderIdentity().equals(before))
        .matches(spec -> spec.getRenewTime().isAfter(lease.getSpec().getRenewTime()));
  }

  private static TokenReview review(EmbeddedCluster cluster, String token) {
    return cluster
        .client()
        .resource(new TokenReviewBuilder().withNewSpec().withToken(token).endSpec().build())
        .create();
  }

  private static String name(HasMetadata object) {
    return object.getKind() + "/" + object.getMetadata().getName();
  }

  private static Stream<HasMetadata> all(EmbeddedCluster cluster) {
    return Stream.of(
            cluster.client().namespaces().list().getItems(),
            cluster.client().serviceAccounts().inAnyNamespace().list().getItems(),
            cluster.client().configMaps().inAnyNamespace().list().getItems(),
            cluster.client().leases().inAnyNamespace().list().getItems(),
            cluster.client().services().inAnyNamespace().list().getItems(),
            cluster.client().nodes().list().getItems())
        .flatMap(List::stream);
  }
}
