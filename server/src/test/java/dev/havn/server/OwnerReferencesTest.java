// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// References to owners that have the uid of an object and name something else.
class OwnerReferencesTest {
  private EmbeddedCluster cluster;
  private KubernetesClient client;
  private String uid;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(0);
    client = cluster.client();
    ConfigMap owner =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName("owner")
            .endMetadata()
            .build();
    uid = client.resource(owner).create().getMetadata().getUid();
    cluster.advance(Duration.ofSeconds(1));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void dependent(String name, String apiVersion, String kind, String owner) {
    ConfigMap dependent =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName(name)
            .addNewOwnerReference()
            .withApiVersion(apiVersion)
            .withKind(kind)
            .withName(owner)
            .withUid(uid)
            .withBlockOwnerDeletion(true)
            .endOwnerReference()
            .endMetadata()
            .build();
    client.resource(dependent).create();
  }

  private List<String> left() {
    return client.configMaps().inNamespace("default").list().getItems().stream()
        .map(each -> each.getMetadata().getName())
        .filter(each -> !each.startsWith("kube-"))
        .toList();
  }

  private void make() {
    dependent("means-it", "v1", "ConfigMap", "owner");
    dependent("no-kind", "no.example/v1", "Nope", "owner");
    dependent("no-version", "v2", "ConfigMap", "owner");
    dependent("other-kind", "v1", "Secret", "owner");
    dependent("other-name", "v1", "ConfigMap", "other");
    cluster.advance(Duration.ofSeconds(1));
  }

  private void delete(DeletionPropagation how) {
    client
        .configMaps()
        .inNamespace("default")
        .withName("owner")
        .withPropagationPolicy(how)
        .delete();
    cluster.advance(Duration.ofSeconds(1));
  }

  @Test
  void whatIsNamedBesideTheUidIsWhatIsLookedFor() {
    make();
    assertThat(left()).containsExactly("means-it", "no-kind", "no-version", "owner");
    delete(DeletionPropagation.BACKGROUND);
    assertThat(left()).containsExactly("no-kind", "no-version");
  }

  @Test
  void anOwnerWaitsForThoseThatNobodyCanJudge() {
    make();
    delete(DeletionPropagation.FOREGROUND);
    assertThat(left()).containsExactly("no-kind", "no-version", "owner");
    client.configMaps().inNamespace("default").withName("no-kind").delete();
    client.configMaps().inNamespace("default").withName("no-version").delete();
    cluster.advance(Duration.ofSeconds(1));
    assertThat(left()).isEmpty();
  }
}
