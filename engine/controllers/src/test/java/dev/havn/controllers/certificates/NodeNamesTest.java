// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeNamesTest {
  private static final List<String> INVITED = List.of("system:bootstrappers", "x");

  private static Node node(String name, String ready) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewStatus()
        .addNewCondition()
        .withType("Ready")
        .withStatus(ready)
        .endCondition()
        .endStatus()
        .build();
  }

  @Test
  void nobodyWhoIsInvitedBecomesANodeThatRuns() {
    List<Node> nodes = List.of(node("runs", "True"), node("lost", "Unknown"));
    assertThat(NodeNames.mayTake("system:node:runs", INVITED, () -> nodes)).isFalse();
    assertThat(NodeNames.mayTake("system:node:lost", INVITED, () -> nodes)).isTrue();
    assertThat(NodeNames.mayTake("system:node:new", INVITED, () -> nodes)).isTrue();
    assertThat(NodeNames.mayTake("system:node:runs", List.of("admins"), List::of)).isTrue();
  }
}
