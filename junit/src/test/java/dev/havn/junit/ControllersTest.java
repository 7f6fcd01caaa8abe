// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.EndpointsBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.NamespaceCondition;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What controllers do, seen through the API.
@Havn
class ControllersTest {
  private static final String MISSING_SERVER =
      """
      apiVersion: apiregistration.k8s.io/v1
      kind: APIService
      metadata: {name: v1beta1.metrics.k8s.io}
      spec:
        group: metrics.k8s.io
        version: v1beta1
        groupPriorityMinimum: 100
        versionPriority: 100
        insecureSkipTLSVerify: true
        service: {name: metrics-server, namespace: kube-system}
      """;

  private static final String THINGS =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: things.test.dev}
      spec:
        group: test.dev
        scope: Cluster
        names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}
        versions:
        - name: v1
          served: true
          storage: true
          schema: {openAPIV3Schema: {type: object}}
      """;

  private static final String STRAY_THING =
      """
      apiVersion: test.dev/v1
      kind: Thing
      metadata:
        name: stray
        ownerReferences:
        - {apiVersion: test.dev/v1, kind: Thing, name: nobody, uid: 00000000-0000-4000-8000-000000000000}
      """;

  private static ReplicaSet set(int replicas) {
    return new ReplicaSetBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .withNewSelector()
        .addToMatchLabels("app", "web")
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .addToLabels("app", "web")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("web")
        .withImage("example/web:1")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Service service() {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addToSelector("app", "web")
        .addNewPort()
        .withPort(80)
        .endPort()
        .endSpec()
        .build();
  }

  private static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").list().getItems();
  }

  @Test
  void endpointsWrittenByHandStayWithoutAService(KubernetesClient client, Cluster cluster) {
    Endpoints own =
        new EndpointsBuilder()
            .withNewMetadata()
            .withName("elsewhere")
            .withNamespace("default")
            .endMetadata()
            .addNewSubset()
            .addNewAddress()
            .withIp("192.0.2.1")
            .endAddress()
            .endSubset()
            .build();
    client.resource(own).create();
    cluster.settle();
    assertThat(client.endpoints().inNamespace("default").withName("elsewhere").get()).isNotNull();
  }

  /// Processes of the machine have such an address.
  @Test
  void endpointsLeaveOutWhatTheyMayNotHold(KubernetesClient client, Cluster cluster) {
    client.resource(service()).create();
    placed(client, "loopback", "127.0.0.1");
    placed(client, "routed", "192.0.2.7");
    cluster.settle();
    assertThat(client.endpoints().inNamespace("default").withName("web").get().getSubsets())
        .singleElement()
        .satisfies(
            subset ->
                assertThat(subset.getNotReadyAddresses())
                    .extracting(EndpointAddress::getIp)
                    .containsExactly("192.0.2.7"));
  }

  /// A pod on a node that nobody looks after.
  private static void placed(KubernetesClient client, String name, String address) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("default")
            .addToLabels("app", "web")
            .endMetadata()
            .withSpec(set(1).getSpec().getTemplate().getSpec())
            .editSpec()
            .withNodeName("elsewhere")
            .endSpec()
            .build();
    client
        .resource(client.resource(pod).create())
        .editStatus(
            made ->
                new PodBuilder(made)
                    .editStatus()
                    .withPodIP(address)
                    .addNewPodIP(address)
                    .endStatus()
                    .build());
  }

  @Test
  void aReplicaSetTakesAMatchingOrphanAndLetsGoOfWhatNoLongerMatches(
      KubernetesClient client, Cluster cluster) {
    Pod orphan =
        new PodBuilder()
            .withNewMetadata()
            .withName("orphan")
            .withNamespace("default")
            .addToLabels("app", "web")
            .endMetadata()
            .withSpec(set(1).getSpec().getTemplate().getSpec())
            .build();
    client.resource(orphan).create();
    client.resource(set(1)).create();
    cluster.settle();
    assertThat(pods(client)).singleElement().matches(pod -> !owners(pod).isEmpty());
    client
        .pods()
        .inNamespace("default")
        .withName("orphan")
        .edit(
            pod ->
                new PodBuilder(pod).editMetadata().addToLabels("app", "x").endMetadata().build());
    cluster.settle();
    Pod released = client.pods().inNamespace("default").withName("orphan").get();
    assertThat(owners(released)).isEmpty();
    assertThat(pods(client)).hasSize(2);
  }

  private static List<?> owners(Pod pod) {
    return pod.getMetadata().getOwnerReferences();
  }

  @Test
  void orphaningKeepsThePodsAndForegroundDeletionWaitsForThem(
      KubernetesClient client, Cluster cluster) {
    client.resource(set(2)).create();
    cluster.settle();
    client.resource(set(2)).withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
    cluster.time().advance(Duration.ofSeconds(5));
    assertThat(pods(client)).hasSize(2).allMatch(pod -> owners(pod).isEmpty());
    client.resource(set(2)).create();
    cluster.settle();
    assertThat(pods(client)).hasSize(2).noneMatch(pod -> owners(pod).isEmpty());
    client.resource(set(2)).withPropagationPolicy(DeletionPropagation.FOREGROUND).delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(pods(client)).isEmpty();
    assertThat(client.apps().replicaSets().inNamespace("default").withName("web").get()).isNull();
  }

  @Test
  void anObjectWhoseOwnerNeverWasIsCollected(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("stray")
                .withNamespace("default")
                .withOwnerReferences(
                    new OwnerReferenceBuilder()
                        .withApiVersion("v1")
                        .withKind("ConfigMap")
                        .withName("nobody")
                        .withUid("00000000-0000-4000-8000-000000000000")
                        .build())
                .endMetadata()
                .build())
        .create();
    cluster.time().advance(Duration.ofSeconds(10));
    assertThat(client.configMaps().inNamespace("default").withName("stray").get()).isNull();
  }

  /// A server of metrics that is not there is the most ordinary fault of all.
  @Test
  void aGroupThatIsNotAvailableHoldsUpOnlyNamespaces(KubernetesClient client, Cluster cluster) {
    var service = client.load(text(MISSING_SERVER)).forceConflicts().serverSideApply().getFirst();
    client.load(text(THINGS)).create();
    client.load(text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")).create();
    cluster.time().advance(Duration.ofSeconds(10));
    client.load(text(STRAY_THING)).create();
    client.namespaces().withName("shop").delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(client.genericKubernetesResources("test.dev/v1", "Thing").list().getItems())
        .isEmpty();
    assertThat(client.namespaces().withName("shop").get().getStatus().getConditions())
        .filteredOn(each -> each.getStatus().equals("True"))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.getReason()).isEqualTo("DiscoveryFailed");
              assertThat(each.getMessage())
                  .isEqualTo(
                      "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1");
            });
    client.resource(service).delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(client.namespaces().withName("shop").get()).isNull();
  }

  private static InputStream text(String yaml) {
    return new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aNamespaceLetsItsPodsGoFirst(KubernetesClient client, Cluster cluster) {
    client
        .resource(new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata().build())
        .create();
    cluster.settle();
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("held")
                .withNamespace("shop")
                .addToFinalizers("example.com/hold")
                .endMetadata()
                .withSpec(set(1).getSpec().getTemplate().getSpec())
                .build())
        .create();
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("kept")
                .withNamespace("shop")
                .endMetadata()
                .build())
        .create();
    cluster.settle();
    client.namespaces().withName("shop").delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(client.configMaps().inNamespace("shop").withName("kept").get()).isNotNull();
    Namespace waiting = client.namespaces().withName("shop").get();
    // What is left, and what holds it, is counted once the pods are gone.
    assertThat(waiting.getStatus().getConditions())
        .filteredOn(each -> each.getType().equals("NamespaceFinalizersRemaining"))
        .extracting(NamespaceCondition::getStatus)
        .containsExactly("False");
    client
        .pods()
        .inNamespace("shop")
        .withName("held")
        .edit(pod -> new PodBuilder(pod).editMetadata().withFinalizers().endMetadata().build());
    cluster.time().advance(Duration.ofSeconds(10));
    assertThat(client.namespaces().withName("shop").get()).isNull();
  }

  @Test
  void aQuotaWhoseCountIsWrongIsCountedAgainASecondLater(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName("q")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addToHard("count/configmaps", new Quantity("9"))
                .endSpec()
                .build())
        .create();
    cluster.time().advance(Duration.ofSeconds(1));
    String right = used(client).get("count/configmaps");
    client
        .resourceQuotas()
        .inNamespace("default")
        .withName("q")
        .editStatus(
            quota ->
                new ResourceQuotaBuilder(quota)
                    .editStatus()
                    .addToUsed("count/configmaps", new Quantity("7"))
                    .endStatus()
                    .build());
    cluster.settle();
    assertThat(used(client)).containsEntry("count/configmaps", "7");
    cluster.time().advance(Duration.ofSeconds(1));
    cluster.settle();
    assertThat(used(client)).containsEntry("count/configmaps", right);
  }

  @Test
  void aQuotaCountsWhatComesAndWhatGoes(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName("q")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withHard(
                    Map.of("pods", new Quantity("2"), "count/replicasets.apps", new Quantity("5")))
                .endSpec()
                .build())
        .create();
    cluster.time().advance(Duration.ofSeconds(1));
    client.resource(set(3)).create();
    cluster.settle();
    assertThat(pods(client)).hasSize(2);
    assertThat(used(client))
        .containsEntry("pods", "2")
        .containsEntry("count/replicasets.apps", "1");
    ReplicaSet short1 = client.apps().replicaSets().inNamespace("default").withName("web").get();
    assertThat(short1.getStatus().getConditions())
        .singleElement()
        .matches(condition -> condition.getMessage().contains("exceeded quota: q"));
    client.resource(set(3)).delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(used(client))
        .containsEntry("pods", "0")
        .containsEntry("count/replicasets.apps", "0");
  }

  private static Map<String, String> used(KubernetesClient client) {
    ResourceQuota quota = client.resourceQuotas().inNamespace("default").withName("q").get();
    Map<String, String> used = new java.util.TreeMap<>();
    quota.getStatus().getUsed().forEach((name, amount) -> used.put(name, amount.toString()));
    return used;
  }

  @Test
  void aDisruptionBudgetFollowsItsPods(KubernetesClient client, Cluster cluster) {
    client.resource(set(3)).create();
    client
        .resource(
            new PodDisruptionBudgetBuilder()
                .withNewMetadata()
                .withName("web")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withMaxUnavailable(new IntOrString(1))
                .withNewSelector()
                .addToMatchLabels("app", "web")
                .endSelector()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    PodDisruptionBudget budget =
        client.policy().v1().podDisruptionBudget().inNamespace("default").withName("web").get();
    assertThat(budget.getStatus().getExpectedPods()).isEqualTo(3);
    assertThat(budget.getStatus().getDesiredHealthy()).isEqualTo(2);
    assertThat(budget.getStatus().getDisruptionsAllowed()).isEqualTo(1);
  }

  @Test
  void aServicesSlicesHoldItsReadyPods(KubernetesClient client, Cluster cluster) {
    client.resource(set(2)).create();
    client.resource(service()).create();
    cluster.time().advance(Duration.ofSeconds(2));
    List<EndpointSlice> slices =
        client
            .discovery()
            .v1()
            .endpointSlices()
            .inNamespace("default")
            .withLabel("kubernetes.io/service-name", "web")
            .list()
            .getItems();
    assertThat(slices)
        .singleElement()
        .satisfies(slice -> assertThat(slice.getEndpoints()).hasSize(2));
    client.apps().replicaSets().inNamespace("default").withName("web").scale(0);
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(client.endpoints().inNamespace("default").withName("web").get().getSubsets())
        .isEmpty();
  }
}
