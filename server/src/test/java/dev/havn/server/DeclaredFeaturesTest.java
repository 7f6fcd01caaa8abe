// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What nodes declare that they can do (KEP-5328), and that they can.
class DeclaredFeaturesTest {
  private static final String NODES = "/api/v1/nodes";
  private static final String PODS = "/api/v1/namespaces/default/pods";

  private final EmbeddedCluster cluster = EmbeddedCluster.start(1);
  private final Api api = new Api(cluster.client());

  @AfterEach
  void close() {
    cluster.close();
  }

  private JsonNode node() {
    return api.get(NODES).at("/items/0");
  }

  private List<String> declared() {
    return node().at("/status/declaredFeatures").valueStream().map(JsonNode::asText).toList();
  }

  @Test
  void aNodeDeclaresWhatItCanAndSaysSoAgain() {
    List<String> all =
        List.of(
            "InPlacePodLevelResourcesVerticalScaling",
            "InPlacePodVerticalScalingInitContainers",
            "RestartAllContainersOnContainerExits");
    assertThat(declared()).isEqualTo(all);
    ObjectNode patch = Api.object();
    patch.putObject("status").putArray("declaredFeatures");
    api.merge(NODES + "/" + node().at("/metadata/name").asText() + "/status", patch);
    assertThat(declared()).isEmpty();
    cluster.advance(Duration.ofMinutes(2));
    assertThat(declared()).isEqualTo(all);
  }

  @Test
  void anInitContainerIsResizedWhileItRuns() {
    api.create(
        PODS,
        """
        {"metadata": {"name": "p"}, "spec": {
          "initContainers": [
            {"name": "i", "image": "example/i:1", "resources": {"requests": {"cpu": "100m"}}}],
          "containers": [{"name": "c", "image": "example/c:1"}]}}
        """);
    cluster.advance(Duration.ofSeconds(5));
    assertThat(running("/state").has("running")).isTrue();
    assertThat(running("/resources/requests/cpu").asText()).isEqualTo("100m");
    ObjectNode patch = Api.object();
    ObjectNode container = patch.putObject("spec").putArray("initContainers").addObject();
    container.put("name", "i").putObject("resources").putObject("requests").put("cpu", "200m");
    api.strategicMerge(PODS + "/p/resize", patch);
    cluster.advance(Duration.ofSeconds(5));
    assertThat(running("/resources/requests/cpu").asText()).isEqualTo("200m");
  }

  private JsonNode running(String part) {
    return api.get(PODS + "/p").at("/status/initContainerStatuses/0" + part);
  }

  @Test
  void aPodGoesOnlyWhereWhatItNeedsIsDeclared() {
    ObjectNode fake = Api.object();
    fake.putObject("metadata").put("name", "old").putObject("labels").put("kind", "old");
    ObjectNode amounts = fake.putObject("status").putObject("allocatable");
    amounts.put("cpu", "4").put("memory", "8Gi").put("pods", "9");
    api.create(NODES, fake.toString());
    api.create(
        PODS,
        """
        {"metadata": {"name": "p"}, "spec": {"nodeSelector": {"kind": "old"},
          "tolerations": [{"operator": "Exists"}],
          "containers": [{"name": "c", "image": "example/c:1", "restartPolicy": "Never",
            "restartPolicyRules": [{"action": "RestartAllContainers",
              "exitCodes": {"operator": "In", "values": [42]}}]}]}}
        """);
    cluster.advance(Duration.ofSeconds(5));
    assertThat(api.get(PODS + "/p").at("/status/conditions/0/message").asText())
        .isEqualTo(
            "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match Pod's required features. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.");
    ObjectNode patch = Api.object();
    patch
        .putObject("status")
        .putArray("declaredFeatures")
        .add("RestartAllContainersOnContainerExits");
    api.merge(NODES + "/old/status", patch);
    cluster.advance(Duration.ofSeconds(15));
    assertThat(api.get(PODS + "/p").at("/spec/nodeName").asText()).isEqualTo("old");
  }
}
