// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.dsl.RollableScalableResource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

@Havn
class StatefulSetTest {
  private static final String WEB =
      """
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: web, namespace: default, annotations: {a: b}}
      spec:
        serviceName: web
        replicas: 3
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            containers: [{name: c, image: 'example/web:1'}]
      """;

  private static StatefulSet web() {
    return Serialization.unmarshal(WEB, StatefulSet.class);
  }

  private static RollableScalableResource<StatefulSet> set(KubernetesClient client) {
    return client.apps().statefulSets().inNamespace("default").withName("web");
  }

  private static PodResource pod(KubernetesClient client, int ordinal) {
    return client.pods().inNamespace("default").withName("web-" + ordinal);
  }

  /// The images of the pods that are not leaving, by name.
  private static Map<String, String> images(KubernetesClient client) {
    Map<String, String> images = new TreeMap<>();
    for (Pod pod : client.pods().inNamespace("default").list().getItems()) {
      if (pod.getMetadata().getDeletionTimestamp() == null) {
        images.put(
            pod.getMetadata().getName(), pod.getSpec().getContainers().getFirst().getImage());
      }
    }
    return images;
  }

  private static void image(KubernetesClient client, String image) {
    set(client)
        .edit(
            set -> {
              set.getSpec().getTemplate().getSpec().getContainers().getFirst().setImage(image);
              return set;
            });
  }

  private static List<ControllerRevision> revisions(KubernetesClient client) {
    List<ControllerRevision> revisions =
        new ArrayList<>(
            client.apps().controllerRevisions().inNamespace("default").list().getItems());
    revisions.sort(Comparator.comparing(ControllerRevision::getRevision));
    return revisions;
  }

  private static List<String> events(KubernetesClient client) {
    List<String> events = new ArrayList<>();
    for (Event event : client.v1().events().inNamespace("default").list().getItems()) {
      if (event.getInvolvedObject().getKind().equals("StatefulSet")) {
        events.add(event.getReason() + ": " + event.getMessage());
      }
    }
    return events;
  }

  @Test
  void podsComeInOrderWithTheirIdentity(KubernetesClient client, Cluster cluster) {
    client.resource(web()).create();
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys("web-0", "web-1", "web-2");
    Pod last = pod(client, 2).get();
    StatefulSet set = set(client).get();
    assertThat(last.getMetadata().getLabels())
        .containsEntry("statefulset.kubernetes.io/pod-name", "web-2")
        .containsEntry("apps.kubernetes.io/pod-index", "2")
        .containsEntry("controller-revision-hash", set.getStatus().getUpdateRevision());
    assertThat(last.getSpec().getHostname()).isEqualTo("web-2");
    assertThat(last.getSpec().getSubdomain()).isEqualTo("web");
    assertThat(set.getStatus().getAvailableReplicas()).isEqualTo(3);
    assertThat(set.getStatus().getCurrentReplicas()).isEqualTo(3);
    assertThat(events(client))
        .containsExactlyInAnyOrder(
            "SuccessfulCreate: Create Pod web-0 in StatefulSet web successful",
            "SuccessfulCreate: Create Pod web-1 in StatefulSet web successful",
            "SuccessfulCreate: Create Pod web-2 in StatefulSet web successful");
  }

  /// The name is the one that a Kubernetes gave to the revision of this set.
  @Test
  void aRevisionIsNamedAndWrittenAsByKubernetes(KubernetesClient client, Cluster cluster) {
    StatefulSet set =
        Serialization.unmarshal(
            """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: web, namespace: default, annotations: {a: b}}
            spec:
              serviceName: web
              replicas: 1
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web, x: z}, annotations: {t: u}}
                spec:
                  containers:
                  - name: c
                    image: 'x:1'
                    resources: {requests: {cpu: 100m}}
                    ports: [{containerPort: 80}]
                  volumes: [{name: cfg, emptyDir: {}}, {name: data, emptyDir: {}}]
            """,
            StatefulSet.class);
    client.resource(set).create();
    cluster.settle();
    ControllerRevision revision = revisions(client).getFirst();
    assertThat(revision.getMetadata().getName()).isEqualTo("web-69766dcc56");
    assertThat(revision.getMetadata().getLabels())
        .isEqualTo(Map.of("app", "web", "x", "z", "controller.kubernetes.io/hash", "69766dcc56"));
    assertThat(revision.getMetadata().getAnnotations()).containsEntry("a", "b");
    assertThat(revision.getRevision()).isEqualTo(1);
  }

  @Test
  void scalingDownTakesTheHighestFirstAndOneAfterTheOther(
      KubernetesClient client, Cluster cluster) {
    client.resource(web()).create();
    cluster.settle();
    set(client).scale(1);
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys("web-0");
    assertThat(events(client))
        .contains(
            "SuccessfulDelete: Delete Pod web-2 in StatefulSet web successful",
            "SuccessfulDelete: Delete Pod web-1 in StatefulSet web successful");
  }

  @Test
  void aParallelSetWaitsForNobodyAndCountsFromItsStart(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new StatefulSetBuilder(web())
                .editSpec()
                .withPodManagementPolicy("Parallel")
                .withNewOrdinals(5)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys("web-5", "web-6", "web-7");
    set(client).scale(0);
    cluster.settle();
    assertThat(images(client)).isEmpty();
  }

  @Test
  void anUpdateGoesFromTheTopDownToItsPartitionAndBack(KubernetesClient client, Cluster cluster) {
    client.resource(web()).create();
    cluster.settle();
    partition(client, 2);
    image(client, "example/web:2");
    cluster.time().advance(Duration.ofMinutes(5));
    assertThat(images(client))
        .containsEntry("web-1", "example/web:1")
        .containsEntry("web-2", "example/web:2");
    StatefulSet half = set(client).get();
    assertThat(half.getStatus().getUpdatedReplicas()).isEqualTo(1);
    assertThat(half.getStatus().getCurrentReplicas()).isEqualTo(2);
    pod(client, 0).delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(images(client)).containsEntry("web-0", "example/web:1");
    partition(client, 0);
    cluster.time().advance(Duration.ofMinutes(5));
    assertThat(images(client).values()).containsOnly("example/web:2");
    StatefulSet done = set(client).get();
    assertThat(done.getStatus().getCurrentRevision())
        .isEqualTo(done.getStatus().getUpdateRevision())
        .isNotEqualTo(half.getStatus().getCurrentRevision());
    set(client).rolling().undo();
    cluster.time().advance(Duration.ofMinutes(5));
    assertThat(images(client).values()).containsOnly("example/web:1");
    assertThat(revisions(client))
        .extracting(ControllerRevision::getRevision)
        .containsExactly(2L, 3L);
  }

  private static void partition(KubernetesClient client, int partition) {
    set(client)
        .edit(
            set ->
                new StatefulSetBuilder(set)
                    .editSpec()
                    .editUpdateStrategy()
                    .withNewRollingUpdate()
                    .withPartition(partition)
                    .endRollingUpdate()
                    .endUpdateStrategy()
                    .endSpec()
                    .build());
  }

  @Test
  void onDeleteChangesOnlyWhatIsDeleted(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new StatefulSetBuilder(web())
                .editSpec()
                .withNewUpdateStrategy()
                .withType("OnDelete")
                .endUpdateStrategy()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    image(client, "example/web:2");
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(images(client).values()).containsOnly("example/web:1");
    pod(client, 1).delete();
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(images(client))
        .containsEntry("web-0", "example/web:1")
        .containsEntry("web-1", "example/web:2");
  }

  @Test
  void onlyAsManyFormerTemplatesAreKeptAsAskedFor(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new StatefulSetBuilder(web())
                .editSpec()
                .withReplicas(1)
                .withRevisionHistoryLimit(1)
                .endSpec()
                .build())
        .create();
    for (int version = 2; version <= 4; version++) {
      cluster.time().advance(Duration.ofMinutes(2));
      image(client, "example/web:" + version);
    }
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(revisions(client))
        .extracting(ControllerRevision::getRevision)
        .containsExactly(3L, 4L);
  }

  @Test
  void anotherRevisionsNameIsAvoided(KubernetesClient client, Cluster cluster) {
    client.resource(web()).create();
    cluster.settle();
    ControllerRevision first = revisions(client).getFirst();
    client.resource(web()).delete();
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(revisions(client)).isEmpty();
    client
        .load(
            new java.io.ByteArrayInputStream(
                ("apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {namespace: default, name: "
                        + first.getMetadata().getName()
                        + "}\nrevision: 7\ndata: {other: thing}\n")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .create();
    client.resource(web()).create();
    cluster.settle();
    StatefulSet set = set(client).get();
    assertThat(set.getStatus().getCollisionCount()).isEqualTo(1);
    assertThat(set.getStatus().getUpdateRevision())
        .startsWith("web-")
        .isNotEqualTo(first.getMetadata().getName());
    assertThat(images(client)).hasSize(3);
  }

  @Test
  void aFailedPodIsReplaced(KubernetesClient client, Cluster cluster) {
    client.resource(web()).create();
    cluster.settle();
    String before = pod(client, 1).get().getMetadata().getUid();
    pod(client, 1)
        .editStatus(
            pod -> new PodBuilder(pod).editStatus().withPhase("Failed").endStatus().build());
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(pod(client, 1).get().getMetadata().getUid()).isNotEqualTo(before);
    assertThat(pod(client, 1).get().getStatus().getPhase()).isEqualTo("Running");
  }

  @Test
  void aPodThatMatchesIsTakenAndOneThatNoLongerDoesIsLetGo(
      KubernetesClient client, Cluster cluster) {
    client.resource(web()).create();
    cluster.settle();
    pod(client, 0)
        .edit(
            pod ->
                new PodBuilder(pod).editMetadata().addToLabels("app", "x").endMetadata().build());
    cluster.settle();
    assertThat(owners(client, 0)).isEmpty();
    pod(client, 0)
        .edit(
            pod ->
                new PodBuilder(pod).editMetadata().addToLabels("app", "web").endMetadata().build());
    cluster.settle();
    assertThat(owners(client, 0)).extracting(OwnerReference::getName).containsExactly("web");
    pod(client, 0)
        .edit(
            pod ->
                new PodBuilder(pod)
                    .editMetadata()
                    .removeFromLabels("statefulset.kubernetes.io/pod-name")
                    .endMetadata()
                    .build());
    cluster.settle();
    assertThat(pod(client, 0).get().getMetadata().getLabels())
        .containsEntry("statefulset.kubernetes.io/pod-name", "web-0");
    assertThat(events(client))
        .contains("SuccessfulUpdate: Update Pod web-0 in StatefulSet web successful");
  }

  private static List<OwnerReference> owners(KubernetesClient client, int ordinal) {
    return pod(client, ordinal).get().getMetadata().getOwnerReferences();
  }

  @Test
  void availabilityWaitsForItsSeconds(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new StatefulSetBuilder(web())
                .editSpec()
                .withReplicas(2)
                .withMinReadySeconds(10)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys("web-0");
    assertThat(set(client).get().getStatus().getReadyReplicas()).isEqualTo(1);
    assertThat(set(client).get().getStatus().getAvailableReplicas()).isEqualTo(0);
    cluster.time().advance(Duration.ofSeconds(11));
    assertThat(images(client)).containsOnlyKeys("web-0", "web-1");
    cluster.time().advance(Duration.ofSeconds(11));
    assertThat(set(client).get().getStatus().getAvailableReplicas()).isEqualTo(2);
  }

  @Test
  void aRefusedPodIsToldOfAndTriedAgain(KubernetesClient client, Cluster cluster) {
    client
        .load(
            new java.io.ByteArrayInputStream(
                "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: default}\nspec: {hard: {pods: '1'}}\n"
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .create();
    cluster.time().advance(Duration.ofSeconds(1));
    client.resource(web()).create();
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys("web-0");
    assertThat(events(client))
        .contains(
            "FailedCreate: Create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden:"
                + " exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1");
    client.resourceQuotas().inNamespace("default").withName("q").delete();
    cluster.time().advance(Duration.ofMinutes(20));
    assertThat(images(client)).hasSize(3);
  }
}
