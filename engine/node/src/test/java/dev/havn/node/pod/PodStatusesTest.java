// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

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
