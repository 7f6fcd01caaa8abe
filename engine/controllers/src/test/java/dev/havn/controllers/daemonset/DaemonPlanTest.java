// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.Golden;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is seen, and what a set does next.
class DaemonPlanTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "placement",
        "selected-nodes",
        "ended-pods",
        "replacement",
        "replacement-of-the-unavailable",
        "surge",
        "surge-settled",
        "surge-off-a-node",
        "on-delete"
      })
  void plansAsInTheFile(String name) {
    JsonNode input = Golden.input(DaemonPlanTest.class, name);
    DaemonSet set = Golden.read(input.path("set"), DaemonSet.class);
    List<Pod> pods = new ArrayList<>();
    input.path("pods").forEach(each -> pods.add(Golden.pod(each)));
    List<Node> nodes = new ArrayList<>();
    input.path("nodes").forEach(each -> nodes.add(Golden.read(each, Node.class)));
    Desired desired = new Desired(set);
    DaemonPlan plan =
        DaemonPlan.of(
            new DaemonPlan.Observed(
                desired,
                nodes,
                pods,
                "new",
                node -> Duration.ofSeconds(input.path("backoff").path(node).asLong()),
                Instant.parse("2026-01-01T00:01:00Z")));
    JsonNode before =
        set.getStatus() == null ? Golden.tree(Map.of()) : Golden.tree(set.getStatus());
    Golden.check(DaemonPlanTest.class, name, output(plan, desired, before));
  }

  private static Map<String, Object> output(DaemonPlan plan, Desired desired, JsonNode before) {
    Map<String, Object> output = new LinkedHashMap<>();
    output.put("create", plan.create());
    output.put(
        "firstPod",
        plan.create().stream()
            .limit(1)
            .map(node -> DaemonPods.pod(desired, node, "new"))
            .map(pod -> Golden.read(Golden.tree(pod), Map.class))
            .toList());
    output.put("delete", plan.delete().stream().map(pod -> pod.getMetadata().getName()).toList());
    output.put("replaced", plan.replaced());
    output.put(
        "events",
        plan.notes().stream()
            .map(
                note ->
                    (note.isWarning() ? "Warning " : "Normal ")
                        + note.reason()
                        + ": "
                        + note.message())
            .toList());
    output.put("status", Golden.read(plan.status().onto(before), Map.class));
    output.put("again", String.valueOf(plan.again()));
    return output;
  }
}
