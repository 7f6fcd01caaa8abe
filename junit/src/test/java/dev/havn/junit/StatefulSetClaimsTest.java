// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// The claims of a StatefulSet's pods. Nothing binds them here, so a set manages its pods in
/// parallel to have several.
@Havn
class StatefulSetClaimsTest {
  private static StatefulSet set(String whenDeleted, String whenScaled) {
    return Serialization.unmarshal(
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: default}
        spec:
          serviceName: db
          replicas: 2
          podManagementPolicy: Parallel
          selector: {matchLabels: {app: db}}
          persistentVolumeClaimRetentionPolicy: {whenDeleted: %s, whenScaled: %s}
          template:
            metadata: {labels: {app: db}}
            spec:
              containers: [{name: c, image: 'example/db:1', volumeMounts: [{name: data, mountPath: /d}]}]
          volumeClaimTemplates:
          - metadata: {name: data, labels: {own: l}}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        """
            .formatted(whenDeleted, whenScaled),
        StatefulSet.class);
  }

  /// The kinds of the owners, by claim.
  private static Map<String, List<String>> owners(KubernetesClient client) {
    Map<String, List<String>> owners = new TreeMap<>();
    for (PersistentVolumeClaim claim :
        client.persistentVolumeClaims().inNamespace("default").list().getItems()) {
      owners.put(
          claim.getMetadata().getName(),
          claim.getMetadata().getOwnerReferences().stream().map(OwnerReference::getKind).toList());
    }
    return owners;
  }

  private static void scale(KubernetesClient client, int replicas) {
    client.apps().statefulSets().inNamespace("default").withName("db").scale(replicas);
  }

  @Test
  void eachPodGetsAClaimThatStaysAndIsUsedAgain(KubernetesClient client, Cluster cluster) {
    client.resource(set("Retain", "Retain")).create();
    cluster.settle();
    assertThat(owners(client)).isEqualTo(Map.of("data-db-0", List.of(), "data-db-1", List.of()));
    PersistentVolumeClaim claim =
        client.persistentVolumeClaims().inNamespace("default").withName("data-db-1").get();
    assertThat(claim.getMetadata().getLabels()).isEqualTo(Map.of("own", "l", "app", "db"));
    assertThat(client.pods().inNamespace("default").withName("db-1").get().getSpec().getVolumes())
        .anySatisfy(
            volume -> {
              assertThat(volume.getName()).isEqualTo("data");
              assertThat(volume.getPersistentVolumeClaim().getClaimName()).isEqualTo("data-db-1");
            });
    assertThat(client.v1().events().inNamespace("default").list().getItems())
        .extracting(event -> event.getMessage())
        .contains("Create Claim data-db-1 Pod db-1 in StatefulSet db success");
    scale(client, 0);
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(owners(client)).hasSize(2);
    scale(client, 2);
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(
            client
                .persistentVolumeClaims()
                .inNamespace("default")
                .withName("data-db-1")
                .get()
                .getMetadata()
                .getUid())
        .isEqualTo(claim.getMetadata().getUid());
  }

  @Test
  void claimsGoWithTheSetWhenItIsAskedFor(KubernetesClient client, Cluster cluster) {
    client.resource(set("Delete", "Retain")).create();
    cluster.settle();
    assertThat(owners(client).values()).containsOnly(List.of("StatefulSet"));
    scale(client, 1);
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(owners(client)).hasSize(2);
    client.resource(set("Delete", "Retain")).delete();
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(owners(client)).isEmpty();
  }

  @Test
  void claimsGoWithAPodThatIsScaledAwayWhenItIsAskedFor(KubernetesClient client, Cluster cluster) {
    client.resource(set("Retain", "Delete")).create();
    cluster.settle();
    assertThat(owners(client).values()).containsOnly(List.of());
    scale(client, 1);
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(owners(client)).isEqualTo(Map.of("data-db-0", List.of()));
    client.resource(set("Retain", "Delete")).delete();
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(owners(client)).containsOnlyKeys("data-db-0");
  }

  @Test
  void anotherPolicyChangesTheOwners(KubernetesClient client, Cluster cluster) {
    client.resource(set("Delete", "Delete")).create();
    cluster.settle();
    assertThat(owners(client).values()).containsOnly(List.of("StatefulSet"));
    client
        .apps()
        .statefulSets()
        .inNamespace("default")
        .withName("db")
        .edit(
            set ->
                new StatefulSetBuilder(set)
                    .editSpec()
                    .withNewPersistentVolumeClaimRetentionPolicy("Retain", "Retain")
                    .endSpec()
                    .build());
    cluster.settle();
    assertThat(owners(client).values()).containsOnly(List.of());
  }
}
