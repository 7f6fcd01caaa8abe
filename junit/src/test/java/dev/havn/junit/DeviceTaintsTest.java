// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Pods leave devices that are tainted.
@Havn(nodes = 1)
class DeviceTaintsTest {
  private static final String SLICE =
      """
      {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "slice"},
       "spec": {"driver": "dra.example.com", "nodeName": "NODE",
         "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
         "devices": [{"name": "d0"TAINTS}]}}""";

  private static void start(KubernetesClient client, Cluster cluster, String tolerations) {
    String node = client.nodes().list().getItems().getFirst().getMetadata().getName();
    client.resource(SLICE.replace("NODE", node).replace("TAINTS", "")).create();
    client
        .resource(
            """
            {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu"},
             "spec": {}}""")
        .create();
    client
        .resource(
            """
            {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
             "metadata": {"name": "claim", "namespace": "default"},
             "spec": {"devices": {"requests": [{"name": "r",
               "exactly": {"deviceClassName": "gpu", "tolerations": [TOLERATIONS]}}]}}}"""
                .replace("TOLERATIONS", tolerations))
        .create();
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("user")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(0L)
                .addNewContainer()
                .withName("a")
                .withImage("example.com/a")
                .endContainer()
                .addNewResourceClaim()
                .withName("x")
                .withResourceClaimName("claim")
                .endResourceClaim()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(client.pods().inNamespace("default").withName("user").get().getStatus().getPhase())
        .isEqualTo("Running");
  }

  private static void taint(KubernetesClient client, Cluster cluster, String taints) {
    ResourceSlice slice = client.resources(ResourceSlice.class).withName("slice").get();
    client
        .resource(
            SLICE
                .replace("NODE", slice.getSpec().getNodeName())
                .replace("TAINTS", taints.isEmpty() ? "" : ", \"taints\": [" + taints + "]"))
        .update();
    cluster.settle();
  }

  private static @Nullable Pod user(KubernetesClient client) {
    return client.pods().inNamespace("default").withName("user").get();
  }

  private static List<String> events(KubernetesClient client) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getReason().equals("DeviceTaintManagerEviction"))
        .map(Event::getMessage)
        .toList();
  }

  @Test
  void aPodLeavesADeviceThatItDoesNotTolerate(KubernetesClient client, Cluster cluster) {
    start(client, cluster, "");
    taint(client, cluster, "{\"key\": \"a.b/c\", \"effect\": \"NoSchedule\"}");
    assertThat(user(client)).isNotNull();
    taint(client, cluster, "{\"key\": \"a.b/c\", \"effect\": \"NoExecute\"}");
    assertThat(user(client)).isNull();
    assertThat(events(client)).containsExactly("Marking for deletion");
  }

  @Test
  void aPodThatToleratesStays(KubernetesClient client, Cluster cluster) {
    start(
        client,
        cluster,
        "{\"key\": \"a.b/c\", \"operator\": \"Exists\", \"effect\": \"NoExecute\"}");
    taint(client, cluster, "{\"key\": \"a.b/c\", \"effect\": \"NoExecute\"}");
    cluster.time().advance(Duration.ofHours(1));
    assertThat(user(client)).isNotNull();
    assertThat(events(client)).isEmpty();
  }

  @Test
  void aPodThatToleratesForAWhileGoesThenUnlessTheTaintGoes(
      KubernetesClient client, Cluster cluster) {
    start(
        client,
        cluster,
        "{\"key\": \"a.b/c\", \"operator\": \"Exists\", \"effect\": \"NoExecute\", \"tolerationSeconds\": 60}");
    String taint = "{\"key\": \"a.b/c\", \"effect\": \"NoExecute\"}";
    taint(client, cluster, taint);
    cluster.time().advance(Duration.ofSeconds(50));
    taint(client, cluster, "");
    assertThat(events(client)).containsExactly("Cancelling deletion");
    cluster.time().advance(Duration.ofSeconds(50));
    assertThat(user(client)).isNotNull();
    taint(client, cluster, taint);
    cluster.time().advance(Duration.ofSeconds(59));
    assertThat(user(client)).isNotNull();
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat(user(client)).isNull();
  }
}
