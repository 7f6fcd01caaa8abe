// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@Havn(nodes = 2)
class HavnTest {
  @Test
  void aDeploymentOfThreeBecomesAvailableWithoutTimePassing(
      KubernetesClient client, Cluster cluster) {
    Instant before = cluster.time().now();
    client.resource(deployment(3)).create();
    cluster.settle();
    Deployment now = client.apps().deployments().inNamespace("default").withName("web").get();
    assertThat(now.getStatus().getAvailableReplicas()).isEqualTo(3);
    assertThat(pods(client))
        .hasSize(3)
        .allMatch(pod -> pod.getStatus().getPhase().equals("Running"));
    assertThat(pods(client).stream().map(pod -> pod.getSpec().getNodeName()).distinct()).hasSize(2);
    assertThat(cluster.time().now()).isEqualTo(before);
  }

  @Test
  void everyStatusOfARolloutIsWrittenOnce(KubernetesClient client, Cluster cluster) {
    List<String> seen = new ArrayList<>();
    Watch watch = client.apps().deployments().inNamespace("default").watch(into(seen));
    client.resource(deployment(3)).create();
    cluster.settle();
    watch.close();
    assertThat(seen).hasSizeGreaterThan(2).startsWith("ADDED").endsWith("MODIFIED");
    assertThat(requests(client, "PUT", "deployments")).isEqualTo(seen.size() - 1);
  }

  @Test
  void everyStatusOfAPodIsWrittenOnce(KubernetesClient client, Cluster cluster) {
    long before = requests(client, "PATCH", "pods");
    client.resource(deployment(3)).create();
    cluster.settle();
    assertThat(pods(client)).allMatch(pod -> pod.getStatus().getPhase().equals("Running"));
    assertThat(requests(client, "PATCH", "pods") - before).isEqualTo(3);
  }

  @Test
  void whoWritesAStatusLeavesTheMetadata(KubernetesClient client, Cluster cluster) {
    Deployment deployment = deployment(1);
    deployment.getMetadata().setName(null);
    deployment.getMetadata().setGenerateName("web-");
    deployment.getMetadata().setLabels(Map.of("team", "a"));
    deployment.getMetadata().setAnnotations(Map.of("note", "kept"));
    deployment.getMetadata().setFinalizers(List.of("example.com/held"));
    Deployment made = client.resource(deployment).create();
    cluster.settle();
    Deployment now = client.resource(made).get();
    assertThat(now.getStatus().getAvailableReplicas()).isEqualTo(1);
    ObjectMeta kept = now.getMetadata();
    assertThat(kept.getGenerateName()).isEqualTo("web-");
    assertThat(kept.getLabels()).isEqualTo(Map.of("team", "a"));
    assertThat(kept.getAnnotations()).containsEntry("note", "kept");
    assertThat(kept.getFinalizers()).containsExactly("example.com/held");
    kept.setFinalizers(List.of());
    client.resource(now).update();
  }

  private static long requests(KubernetesClient client, String verb, String resource) {
    return client
        .raw("/metrics")
        .lines()
        .filter(line -> line.startsWith("apiserver_request_total"))
        .filter(line -> line.contains("verb=\"" + verb + "\""))
        .filter(line -> line.contains("\"" + resource + "\""))
        .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static Watcher<Deployment> into(List<String> seen) {
    return new Watcher<>() {
      @Override
      public void eventReceived(Action action, Deployment deployment) {
        seen.add(action.name());
      }

      @Override
      public void onClose(WatcherException failure) {
        seen.add(failure.getMessage());
      }
    };
  }

  @Test
  void deletingADeploymentCollectsItsPods(KubernetesClient client, Cluster cluster) {
    client.resource(deployment(2)).create();
    cluster.settle();
    client.resource(deployment(2)).delete();
    cluster.time().advance(Duration.ofSeconds(10));
    assertThat(pods(client)).isEmpty();
  }

  @Test
  void aNamespaceGoesWithItsContent(KubernetesClient client, Cluster cluster) {
    Namespace namespace =
        new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata().build();
    client.resource(namespace).create();
    cluster.settle();
    assertThat(client.serviceAccounts().inNamespace("shop").withName("default").get()).isNotNull();
    client.resource(namespace).delete();
    cluster.time().advance(Duration.ofSeconds(10));
    assertThat(client.namespaces().withName("shop").get()).isNull();
  }

  @Test
  void aNodeThatNobodyRunsBecomesUnknownAndTakesNoPods(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName("ghost")
                .endMetadata()
                .withNewStatus()
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build())
        .create();
    cluster.time().advance(Duration.ofMinutes(2));
    Node ghost = client.nodes().withName("ghost").get();
    assertThat(ghost.getStatus().getConditions().getFirst().getStatus()).isEqualTo("Unknown");
    assertThat(ghost.getSpec().getTaints())
        .extracting(Taint::getKey)
        .contains("node.kubernetes.io/unreachable");
    Node alive = client.nodes().withName("havn-0").get();
    assertThat(alive.getSpec().getTaints()).isEmpty();
  }

  @Test
  void eachTestHasAClusterOfItsOwn(KubernetesClient client) {
    assertThat(client.apps().deployments().inAnyNamespace().list().getItems()).isEmpty();
  }

  /// Nobody moves time while the client waits for it.
  @Test
  void aLongListIsThereAtOnce(KubernetesClient client) {
    for (int i = 0; i < 70; i++) {
      client
          .resource(
              new ConfigMapBuilder()
                  .withNewMetadata()
                  .withName("c" + i)
                  .withNamespace("default")
                  .endMetadata()
                  .build())
          .create();
    }
    assertThat(client.configMaps().inNamespace("default").list().getItems()).hasSize(71);
  }

  private static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").list().getItems();
  }

  private static Deployment deployment(int replicas) {
    return new DeploymentBuilder()
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
}
