// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class PodStatusesTest {
  private static ObjectNode tree(String yaml) {
    return (ObjectNode) GoldenPods.tree(yaml);
  }

  @Test
  void othersConditionsAndTheirOrderDoNotMatter() {
    ObjectNode stored =
        tree(
            "{phase: Running, conditions: [{type: example.com/x, status: 'True'},"
                + " {type: Ready, status: 'True'}, {type: Initialized, status: 'True'}]}");
    ObjectNode wanted =
        tree(
            "{phase: Running, conditions: [{type: Initialized, status: 'True'},"
                + " {type: Ready, status: 'True', reason: null}]}");
    assertThat(PodStatuses.holds(stored, wanted)).isTrue();
    wanted.put("phase", "Failed");
    assertThat(PodStatuses.holds(stored, wanted)).isFalse();
  }

  @Test
  void amountsThatAreGoneAreTakenAway() {
    ObjectNode stored =
        tree("{allocatedResources: {cpu: 1}, resources: {limits: {cpu: 1}, requests: {cpu: 1}}}");
    ObjectNode wanted = tree("{allocatedResources: {memory: 1}, resources: {requests: {cpu: 2}}}");
    assertThat(PodStatuses.holds(stored, wanted)).isFalse();
    JsonNode patch = PodStatuses.patch(stored, wanted, "u1").path("status");
    assertThat(patch.path("allocatedResources")).isEqualTo(tree("{cpu: null, memory: 1}"));
    assertThat(patch.path("resources")).isEqualTo(tree("{limits: null, requests: {cpu: 2}}"));
  }

  @Test
  void whatNoLongerHoldsIsTakenAway() {
    ObjectNode stored =
        tree(
            "conditions: [{type: PodResizePending, status: 'True'},"
                + " {type: example.com/x, status: 'True'}]");
    ObjectNode wanted =
        tree("{podIPs: [{ip: 10.0.0.2}], conditions: [{type: Ready, status: 'True'}]}");
    assertThat(PodStatuses.holds(stored, wanted)).isFalse();
    assertThat(PodStatuses.patch(stored, wanted, "u1"))
        .isEqualTo(
            tree(
                """
                metadata: {uid: u1}
                status:
                  podIPs: [{$patch: replace}, {ip: 10.0.0.2}]
                  conditions:
                    - {reason: null, message: null, type: Ready, status: "True"}
                    - {type: PodResizePending, $patch: delete}
                  $setElementOrder/conditions: [{type: Ready}]
                """));
  }
}
