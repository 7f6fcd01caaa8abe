// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaintEvictionTest {
  private static final Taint TAINT = taint("maintenance", "now");

  private static Taint taint(String key, String value) {
    return new TaintBuilder().withKey(key).withValue(value).withEffect("NoExecute").build();
  }

  private static TolerationBuilder toleration(String key, String value) {
    return new TolerationBuilder().withKey(key).withValue(value).withOperator("Equal");
  }

  @Test
  void anUntoleratedTaintEndsAPodAtOnce() {
    assertThat(TaintEviction.tolerated(List.of(TAINT), List.of())).contains(Duration.ZERO);
    Toleration other = toleration("maintenance", "later").build();
    assertThat(TaintEviction.tolerated(List.of(TAINT), List.of(other))).contains(Duration.ZERO);
    Toleration schedule = toleration("maintenance", "now").withEffect("NoSchedule").build();
    assertThat(TaintEviction.tolerated(List.of(TAINT), List.of(schedule))).contains(Duration.ZERO);
  }

  @Test
  void aToleratedTaintLetsAPodStay() {
    Toleration same = toleration("maintenance", "now").withEffect("NoExecute").build();
    Toleration all = new TolerationBuilder().withOperator("Exists").build();
    assertThat(TaintEviction.tolerated(List.of(TAINT), List.of(same))).isEmpty();
    assertThat(TaintEviction.tolerated(List.of(TAINT), List.of(all))).isEmpty();
    assertThat(TaintEviction.tolerated(List.of(), List.of())).isEmpty();
  }

  @Test
  void theShortestTimeCounts() {
    Toleration minute = toleration("maintenance", "now").withTolerationSeconds(60L).build();
    Toleration second = toleration("other", "").withTolerationSeconds(1L).build();
    List<Taint> both = List.of(TAINT, taint("other", ""));
    assertThat(TaintEviction.tolerated(List.of(TAINT), List.of(minute, second)))
        .contains(Duration.ofMinutes(1));
    assertThat(TaintEviction.tolerated(both, List.of(minute, second)))
        .contains(Duration.ofSeconds(1));
  }
}
