// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// When probes are asked for the first time.
@Havn
class ProbeDelaysTest {
  private static ContainerStatus status(KubernetesClient client) {
    return client
        .pods()
        .inNamespace("default")
        .withName("web")
        .get()
        .getStatus()
        .getContainerStatuses()
        .getFirst();
  }

  @Test
  void delaysCountFromTheStartOfTheContainer(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("web")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("main")
                .withImage("example/main:1")
                .withNewStartupProbe()
                .withInitialDelaySeconds(20)
                .withNewTcpSocket()
                .withNewPort(80)
                .endTcpSocket()
                .endStartupProbe()
                .withNewReadinessProbe()
                .withInitialDelaySeconds(30)
                .withNewTcpSocket()
                .withNewPort(80)
                .endTcpSocket()
                .endReadinessProbe()
                .endContainer()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    cluster.time().advance(Duration.ofSeconds(15));
    assertThat(status(client).getStarted()).isFalse();
    cluster.time().advance(Duration.ofSeconds(7));
    assertThat(status(client).getStarted()).isTrue();
    assertThat(status(client).getReady()).isFalse();
    cluster.time().advance(Duration.ofSeconds(10));
    assertThat(status(client).getReady()).isTrue();
  }
}
