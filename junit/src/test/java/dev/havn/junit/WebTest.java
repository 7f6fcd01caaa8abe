// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// What README and guide show, compiled and run.
@Havn(nodes = 2)
class WebTest {
  @Test
  void threeReplicasBecomeAvailable(KubernetesClient client, Cluster cluster) {
    client.load(getClass().getResourceAsStream("web.yaml")).create();
    cluster.settle(); // everything that takes no time has happened
    assertThat(client.pods().inNamespace("default").list().getItems()).hasSize(3);
    cluster.time().advance(Duration.ofMinutes(10)); // and everything that happens in ten minutes
  }
}
