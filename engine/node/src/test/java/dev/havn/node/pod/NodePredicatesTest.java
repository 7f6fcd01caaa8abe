// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodePredicatesTest {
  private static final Node NODE =
      node(
          "{cpu: 2, memory: 1Gi, pods: 3, ephemeral-storage: 10Gi, example.com/radio: 1,"
              + " example.com/card: 1}",
          "[]");

  private static Node node(String allocatable, String taints) {
    return GoldenPods.read(
        """
        {metadata: {name: n, labels: {disk: ssd, size: '3'}},
         spec: {taints: %s}, status: {allocatable: %s}}
        """
            .formatted(taints, allocatable),
        Node.class);
  }

  private static Pod pod(String spec) {
    return GoldenPods.pod("{metadata: {name: p, uid: p}, spec: " + spec + "}");
  }

  /// Of pods of the machine's network none gets its ports.
  private static Optional<PodStatusOf.Ending> ports(Pod pod) {
    return Boolean.TRUE.equals(pod.getSpec().getHostNetwork())
        ? Optional.of(new PodStatusOf.Ending("NodePorts", "taken"))
        : Optional.empty();
  }

  private static Pod asking(String requests) {
    return pod("{containers: [{name: a, resources: {requests: " + requests + "}}]}");
  }

  private static String refusal(Node node, Pod pod, Pod... others) {
    Optional<PodStatusOf.Ending> refusal =
        new NodePredicates(
                node, List.of(others), "example.com/card"::equals, NodePredicatesTest::ports)
            .refusal(pod);
    return refusal.map(each -> each.reason() + ": " + each.message()).orElse("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{cpu: 500m} | ''",
        "{cpu: 501m} | OutOfcpu: Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000",
        "{memory: 2Gi} | OutOfmemory: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
        "{ephemeral-storage: 20Gi} | OutOfephemeral-storage: Node didn't have enough resource: ephemeral-storage, requested: 21474836480, used: 0, capacity: 10737418240",
        "{example.com/radio: 2} | OutOfexample.com/radio: Node didn't have enough resource: example.com/radio, requested: 2, used: 0, capacity: 1",
        "{hugepages-2Mi: 2Mi} | OutOfhugepages-2Mi: Node didn't have enough resource: hugepages-2Mi, requested: 2097152, used: 0, capacity: 0",
        "{example.com/unknown: 7} | ''",
        "{example.com/card: 7} | ''",
        "{memory: 2Gi, cpu: 3} | OutOfcpu: Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 2000",
      })
  void aNodeGivesNoMoreThanItHas(String requests, String refusal) {
    assertThat(refusal(NODE, asking(requests), asking("{cpu: 1500m}"))).isEqualTo(refusal);
  }

  /// A claim stands for what one container asks for; another asks the node's plugins.
  @Test
  void whatAClaimStandsForCountsForItsContainerOnly() {
    String asks = "resources: {requests: {example.com/radio: %d}}";
    String pod =
        "{metadata: {name: p, uid: p}, spec: {containers: [{name: a, %s}, {name: b, %s}]}, status:"
            + " {extendedResourceClaimStatus: {resourceClaimName: c, requestMappings:"
            + " [{containerName: a, requestName: r, resourceName: example.com/radio}]}}}";
    assertThat(refusal(NODE, GoldenPods.pod(pod.formatted(asks.formatted(7), asks.formatted(1)))))
        .isEmpty();
    assertThat(refusal(NODE, GoldenPods.pod(pod.formatted(asks.formatted(1), asks.formatted(2)))))
        .isEqualTo(
            "OutOfexample.com/radio: Node didn't have enough resource: example.com/radio, requested: 2, used: 0, capacity: 1");
  }

  @Test
  void whatTheRuntimeTakesForAPodCounts() {
    Pod pod =
        pod(
            "{overhead: {cpu: 1}, containers: [{name: a, resources: {requests: {cpu: 1500m}}}],"
                + " initContainers: [{name: i, resources: {requests: {cpu: 1}}}]}");
    assertThat(refusal(NODE, pod)).contains("requested: 2500, used: 0, capacity: 2000");
  }

  @Test
  void aNodeTakesSoManyPodsAsItSays() {
    Pod small = asking("{}");
    assertThat(refusal(NODE, small, small, small)).isEmpty();
    assertThat(refusal(NODE, small, small, small, small))
        .isEqualTo(
            "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nodeSelector: {disk: ssd} | true",
        "nodeSelector: {disk: tape} | false",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:"
            + " [{matchExpressions: [{key: size, operator: Gt, values: ['2']}]}]}}} | true",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:"
            + " [{matchExpressions: [{key: size, operator: Lt, values: ['2']}]}]}}} | false",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:"
            + " [{matchFields: [{key: metadata.name, operator: In, values: [n]}]}]}}} | true",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:"
            + " [{matchFields: [{key: metadata.name, operator: In, values: [other]}]}]}}} | false",
      })
  void aPodIsOnlyWhereItsSelectorsWantIt(String selectors, boolean isTaken) {
    assertThat(refusal(NODE, pod("{" + selectors + ", containers: [{name: a}]}")))
        .isEqualTo(
            isTaken
                ? ""
                : "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{key: a, effect: NoSchedule} | [] | true",
        "{key: a, effect: NoExecute} | [] | false",
        "{key: a, effect: NoExecute} | [{key: a, operator: Exists}] | true",
        "{key: a, effect: NoExecute} | [{key: a, operator: Exists, effect: NoSchedule}] | false",
      })
  void onlyTaintsThatDrivePodsOutKeepThemOut(String taint, String tolerations, boolean isTaken) {
    Pod pod = pod("{tolerations: " + tolerations + ", containers: [{name: a}]}");
    assertThat(refusal(node("{pods: 1}", "[" + taint + "]"), pod))
        .isEqualTo(
            isTaken
                ? ""
                : "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hostNetwork: true, nodeSelector: {disk: tape}, containers: [{name: a, resources: {requests: {cpu: 3}}}] | OutOfcpu",
        "hostNetwork: true, nodeSelector: {disk: tape}, containers: [] | NodeAffinity",
        "hostNetwork: true, containers: [] | NodePorts",
        "containers: [] | TaintToleration",
      })
  void whatIsSaidIsWhatAKubeletSaysFirst(String spec, String reason) {
    Node tainted = node("{cpu: 2, pods: 3}", "[{key: a, effect: NoExecute}]");
    assertThat(refusal(tainted, pod("{" + spec + "}"))).startsWith(reason + ": ");
  }
}
