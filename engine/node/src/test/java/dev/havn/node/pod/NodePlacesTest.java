// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerPortBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// On a node with two processors.
class NodePlacesTest {
  private static final Node NODE =
      new NodeBuilder()
          .withNewMetadata()
          .withName("n")
          .endMetadata()
          .withNewStatus()
          .withAllocatable(Map.of("cpu", new Quantity("2"), "pods", new Quantity("110")))
          .endStatus()
          .build();

  private final List<Pod> pods = new ArrayList<>();
  private final Set<String> running = new HashSet<>();
  private Optional<Node> node = Optional.of(NODE);

  private final NodePlaces places =
      new NodePlaces(
          new NodePlaces.Sources(
              () -> node, () -> pods, UnaryOperator.identity(), running::contains, _ -> false));

  private Pod pod(String name, String more) {
    Pod pod =
        GoldenPods.pod(
            """
            metadata: {name: %1$s, uid: %1$s%2$s}
            spec: {containers: [{name: a, resources: {requests: {cpu: '2'}}}]}
            """
                .formatted(name, more));
    pods.removeIf(each -> each.getMetadata().getUid().equals(name));
    pods.add(pod);
    return pod;
  }

  private static Pod in(Pod pod, String phase) {
    return pod.edit()
        .editOrNewStatus()
        .withPhase(phase)
        .withStartTime("2026-01-01T00:00:00Z")
        .endStatus()
        .build();
  }

  @Test
  void thePlaceIsTheFirstOnesUntilItIsOver() {
    Pod first = pod("first", "");
    Pod second = pod("second", "");
    assertThat(places.take(first)).isEmpty();
    assertThat(places.take(first)).isEmpty();
    assertThat(places.take(second))
        .hasValueSatisfying(why -> assertThat(why.reason()).isEqualTo("OutOfcpu"));
    pods.replaceAll(each -> each == first ? in(first, "Succeeded") : each);
    assertThat(places.take(second)).isEmpty();
  }

  @Test
  void whoWasGoneOrTurnedAwayHoldsNothing() {
    Pod first = pod("first", "");
    Pod second = pod("second", "");
    assertThat(places.take(first)).isEmpty();
    places.release("first");
    assertThat(places.take(second)).isEmpty();
  }

  @Test
  void whoHasNoPlaceHasNoPortEither() {
    Pod first = pod("first", "");
    Pod second = pod("second", "");
    List.of(first, second).forEach(NodePlacesTest::wantsPort);
    node =
        Optional.of(
            new NodeBuilder(NODE)
                .editSpec()
                .addNewTaint("NoExecute", "a", null, "")
                .endSpec()
                .build());
    assertThat(places.take(first).orElseThrow().reason()).isEqualTo("TaintToleration");
    node =
        Optional.of(
            new NodeBuilder(NODE)
                .editStatus()
                .addToAllocatable("cpu", new Quantity("9"))
                .endStatus()
                .build());
    assertThat(places.take(second)).isEmpty();
    assertThat(places.take(first).orElseThrow().reason()).isEqualTo("NodePorts");
    places.release("second");
    assertThat(places.take(first)).isEmpty();
  }

  private static void wantsPort(Pod pod) {
    pod.getSpec()
        .getContainers()
        .getFirst()
        .getPorts()
        .add(new ContainerPortBuilder().withContainerPort(80).withHostPort(8080).build());
  }

  @Test
  void whoWaitsForItsTurnHoldsNothing() {
    Pod unseen = pod("unseen", "");
    assertThat(places.take(pod("second", ""))).isEmpty();
    assertThat(pods).contains(unseen);
  }

  @Test
  void aPodThatEndsHoldsItsPlaceUntilItHasEnded() {
    Pod ending = pod("ending", ", deletionTimestamp: '2026-01-01T00:00:00Z'");
    pods.replaceAll(each -> each == ending ? in(ending, "Running") : each);
    Pod next = pod("next", "");
    assertThat(places.take(next)).isPresent();
    pods.remove(0);
    assertThat(places.take(next)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"Running", "Pending"})
  void whoHasBegunKeepsItsPlaceWhenTheNodeStartsAgain(String phase) {
    Pod first = in(pod("first", ""), phase);
    Pod second = in(pod("second", ""), phase);
    pods.clear();
    pods.addAll(List.of(first, second));
    assertThat(places.take(first)).isEmpty();
    assertThat(places.take(second)).isEmpty();
    assertThat(places.take(pod("third", ""))).isPresent();
  }

  @Test
  void whoRunsThoughNobodyWasToldKeepsItsPlace() {
    Pod first = pod("first", "");
    Pod second = pod("second", "");
    assertThat(places.take(first)).isEmpty();
    running.add("second");
    assertThat(places.take(second)).isEmpty();
  }

  @Test
  void aNodeThatIsAboutToComeBackTakesPods() {
    node = Optional.empty();
    assertThat(places.take(pod("first", ""))).isEmpty();
  }
}
