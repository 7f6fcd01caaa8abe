// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Who may write to a namespace can name any owner there, also one of another namespace.
@Havn
class ForeignOwnersTest {
  private static final String OTHER = "other";

  private static PodBuilder pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("stranger")
        .withNamespace(OTHER)
        .addToLabels("app", "web")
        .addToAnnotations("controller.kubernetes.io/pod-deletion-cost", "2147483647")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("main")
        .withImage("example/main:1")
        .endContainer()
        .endSpec();
  }

  private static ReplicaSet set(KubernetesClient client) {
    return client
        .resource(
            new ReplicaSetBuilder()
                .withNewMetadata()
                .withName("web")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withReplicas(2)
                .withNewSelector()
                .addToMatchLabels("app", "web")
                .endSelector()
                .withNewTemplate()
                .withNewMetadata()
                .addToLabels("app", "web")
                .endMetadata()
                .withSpec(pod().buildSpec())
                .endTemplate()
                .endSpec()
                .build())
        .create();
  }

  private static Set<String> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getMetadata().getDeletionTimestamp() == null)
        .map(each -> each.getMetadata().getUid())
        .collect(Collectors.toSet());
  }

  @Test
  void aPodOfAnotherNamespaceIsNoReplica(KubernetesClient client, Cluster cluster) {
    client
        .resource(new NamespaceBuilder().withNewMetadata().withName(OTHER).endMetadata().build())
        .create();
    cluster.settle();
    ReplicaSet web = set(client);
    client.resource(pod().build()).create();
    cluster.settle();
    Set<String> before = pods(client);
    assertThat(before).hasSize(2);

    client
        .pods()
        .inNamespace(OTHER)
        .withName("stranger")
        .edit(
            each ->
                new PodBuilder(each)
                    .editMetadata()
                    .addToOwnerReferences(
                        new OwnerReferenceBuilder()
                            .withApiVersion("apps/v1")
                            .withKind("ReplicaSet")
                            .withName("web")
                            .withUid(web.getMetadata().getUid())
                            .withController(true)
                            .build())
                    .endMetadata()
                    .build());
    client
        .apps()
        .replicaSets()
        .inNamespace("default")
        .withName("web")
        .edit(
            each ->
                new ReplicaSetBuilder(each)
                    .editMetadata()
                    .addToAnnotations("looked", "at")
                    .endMetadata()
                    .build());
    cluster.settle();
    assertThat(pods(client)).isEqualTo(before);
  }
}
