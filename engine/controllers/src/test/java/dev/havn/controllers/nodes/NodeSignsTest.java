// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.time.Instant;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NodeSignsTest {
  private static final Instant MADE = Instant.parse("2026-01-01T00:00:00Z");

  private final NodeSigns signs = new NodeSigns();

  private static Instant at(int second) {
    return MADE.plusSeconds(second);
  }

  private static Node mute(String uid) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName("n")
        .withUid(uid)
        .withCreationTimestamp(MADE.toString())
        .endMetadata()
        .withNewStatus()
        .endStatus()
        .build();
  }

  private static Node node(@Nullable String heartbeat) {
    return new NodeBuilder(mute("one"))
        .editStatus()
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .withLastHeartbeatTime(heartbeat)
        .endCondition()
        .endStatus()
        .build();
  }

  private static Lease lease(int second) {
    return new LeaseBuilder()
        .withNewSpec()
        .withRenewTime(at(second).atZone(ZoneOffset.UTC))
        .endSpec()
        .build();
  }

  @Test
  void whoHasSaidNothingCountsFromItsMaking() {
    assertThat(signs.heard(mute("one"), null, at(30))).isEqualTo(MADE);
    assertThat(signs.heard(mute("one"), null, at(90))).isEqualTo(MADE);
  }

  @Test
  void aConditionIsAWordAlsoWithoutALease() {
    signs.heard(mute("one"), null, at(5));
    assertThat(signs.heard(node(null), null, at(100))).isEqualTo(at(100));
    assertThat(signs.heard(node(null), null, at(110))).isEqualTo(at(100));
    assertThat(signs.heard(node("2026-01-01T00:01:00Z"), null, at(120))).isEqualTo(at(120));
    assertThat(signs.heard(node("2026-01-01T00:01:00Z"), null, at(130))).isEqualTo(at(120));
  }

  @Test
  void aLeaseCountsWhenItIsRenewedByWhateverClock() {
    assertThat(signs.heard(node(""), lease(9_000), at(10))).isEqualTo(at(10));
    assertThat(signs.heard(node(""), lease(9_000), at(20))).isEqualTo(at(10));
    assertThat(signs.heard(node(""), lease(8_000), at(25))).isEqualTo(at(10));
    assertThat(signs.heard(node(""), lease(9_010), at(30))).isEqualTo(at(30));
    assertThat(signs.heard(node(""), null, at(40))).isEqualTo(at(30));
  }

  @Test
  void anotherNodeOfTheNameAndAnotherReignBeginAnew() {
    signs.heard(node(""), lease(10), at(10));
    assertThat(signs.heard(mute("two"), null, at(30))).isEqualTo(MADE);
    signs.heard(node(""), lease(10), at(40));
    signs.forget();
    assertThat(signs.heard(node(""), lease(10), at(80))).isEqualTo(at(80));
    signs.forget("n");
    assertThat(signs.heard(node(""), lease(10), at(90))).isEqualTo(at(90));
  }
}
