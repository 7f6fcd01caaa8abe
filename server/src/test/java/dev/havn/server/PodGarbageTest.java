// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.nodes.PodGarbage;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Which finished pods go when there are more than are kept.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PodGarbageTest {
  private static final String NODE = "silent";

  private final LateCaches late = new LateCaches();

  @BeforeAll
  void aNodeWithoutAnybody() {
    late.client()
        .resource(new NodeBuilder().withNewMetadata().withName(NODE).endMetadata().build())
        .create();
  }

  @AfterAll
  void close() {
    late.close();
  }

  private void pod(
      String namespace, String name, String phase, String reason, String... finalizers) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .withFinalizers(finalizers)
            .endMetadata()
            .withNewSpec()
            .withNodeName(NODE)
            .addNewContainer()
            .withName("c")
            .withImage("example/c:1")
            .endContainer()
            .endSpec()
            .build();
    Pod made = late.client().resource(pod).create();
    late.client()
        .resource(
            new PodBuilder(made)
                .editStatus()
                .withPhase(phase)
                .withReason(reason)
                .endStatus()
                .build())
        .updateStatus();
  }

  private void passASecond() {
    late.cluster().time().jump(Duration.ofSeconds(1));
  }

  /// @return the names of the pods of a namespace that are there after one look
  private List<String> look(String namespace, int finishedMax) {
    late.catchUp();
    new PodGarbage(
            late.informers().podOutlines(),
            late.informers().of(Node.class),
            late.api("admin"),
            late.cluster().time(),
            finishedMax)
        .reconcile(PodGarbage.ALL);
    List<String> names =
        late.client().pods().inNamespace(namespace).list().getItems().stream()
            .map(each -> each.getMetadata().getName())
            .toList();
    late.client().pods().inNamespace(namespace).withGracePeriod(0).delete();
    return names;
  }

  private void six(String namespace) {
    pod(namespace, "runs", "Running", "");
    pod(namespace, "z-oldest", "Succeeded", "");
    passASecond();
    pod(namespace, "y-same", "Failed", "");
    pod(namespace, "x-same", "Succeeded", "");
    passASecond();
    pod(namespace, "evicted", "Failed", "Evicted");
    pod(namespace, "latest", "Succeeded", "Evicted");
    late.informers().podOutlines();
    late.informers().of(Node.class);
  }

  @Test
  void noneGoesAsLongAsThereAreNoMoreThanAreKept() {
    String namespace = late.namespace();
    six(namespace);
    assertThat(look(namespace, 5)).hasSize(6);
    six(namespace);
    assertThat(look(namespace, 0)).hasSize(6);
  }

  @Test
  void theEvictedGoFirstThenTheOldestThenByName() {
    String namespace = late.namespace();
    six(namespace);
    assertThat(look(namespace, 4))
        .containsExactly("latest", "runs", "x-same", "y-same", "z-oldest");
    six(namespace);
    assertThat(look(namespace, 3)).containsExactly("latest", "runs", "x-same", "y-same");
    six(namespace);
    assertThat(look(namespace, 2)).containsExactly("latest", "runs", "y-same");
  }

  @Test
  void thoseThatEndCountToo() {
    String namespace = late.namespace();
    pod(namespace, "first", "Succeeded", "");
    passASecond();
    pod(namespace, "leaving", "Succeeded", "", "example.test/stays");
    late.client().pods().inNamespace(namespace).withName("leaving").delete();
    late.informers().podOutlines();
    late.informers().of(Node.class);
    assertThat(look(namespace, 1)).containsExactly("leaving");
    late.client()
        .pods()
        .inNamespace(namespace)
        .withName("leaving")
        .edit(each -> new PodBuilder(each).editMetadata().withFinalizers().endMetadata().build());
  }
}
