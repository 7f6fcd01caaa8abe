// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.UnclearBindings.Question;
import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnclearBindingsTest {
  private static final DevicePlan DEVICES =
      new DevicePlan(List.of(), List.of(new ResourceClaim()), null, false);

  private final UnclearBindings unclear = new UnclearBindings();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  private Hold add(String name, DevicePlan devices) {
    PodFacts pod =
        PodFacts.of(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withUid(name)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build());
    Hold hold = Hold.of(pod, "n", devices);
    unclear.add(hold, "no answer", true, now);
    return hold;
  }

  private Hold add(String name) {
    return add(name, DevicePlan.NOTHING);
  }

  /// Asks in vain whenever it is time, for so long.
  private List<Long> askedAfter(Duration within) {
    List<Long> millis = new ArrayList<>();
    Instant begin = now;
    for (@Nullable Instant due = unclear.due();
        due != null && !due.isAfter(begin.plus(within));
        due = unclear.due()) {
      now = due;
      Question question = unclear.next(now);
      assertThat(question).isNotNull();
      millis.add(Duration.between(begin, now).toMillis());
      unclear.asked(question.hold(), now);
    }
    return millis;
  }

  @Test
  void itIsAskedAtOnceAndThenLessAndLessOften() {
    Hold hold = add("p");
    assertThat(askedAfter(Duration.ofSeconds(40)))
        .containsExactly(0L, 100L, 300L, 700L, 1_500L, 3_100L, 6_300L, 12_700L, 22_700L, 32_700L);
    assertThat(unclear.isOpen(hold)).isTrue();
    unclear.remove("p");
    assertThat(unclear.due()).isNull();
  }

  @Test
  void aFewAreAskedForSideBySide() {
    for (int i = 0; i < 100; i++) {
      add("p" + i);
    }
    List<Question> asked = new ArrayList<>();
    for (@Nullable Question each = unclear.next(now); each != null; each = unclear.next(now)) {
      asked.add(each);
    }
    assertThat(asked).hasSize(UnclearBindings.QUESTIONS_MAX);
    assertThat(unclear.due()).as("when one of them is answered").isNull();
    unclear.remove("p0");
    unclear.asked(asked.getFirst().hold(), now);
    assertThat(unclear.next(now)).extracting(each -> each.hold().pod().name()).isEqualTo("p8");
  }

  @Test
  void whatTheWatchShowsNeedsNoPause() {
    Hold hold = add("p");
    unclear.asked(ask(), now);
    assertThat(unclear.next(now)).isNull();
    unclear.shown("p", "other", now);
    assertThat(unclear.isOpen(hold)).isFalse();
    assertThat(unclear.next(now)).extracting(Question::shown).isEqualTo("other");
  }

  @Test
  void whatTheWatchShowsWhileItIsAskedComesNext() {
    add("p");
    Hold asked = ask();
    unclear.shown("p", "n", now);
    assertThat(unclear.next(now)).isNull();
    unclear.asked(asked, now);
    assertThat(unclear.next(now)).extracting(Question::shown).isEqualTo("n");
  }

  @Test
  void onlyClaimsOutliveTheirPod() {
    add("without");
    add("with", DEVICES);
    unclear.gone("without");
    unclear.gone("with");
    assertThat(ask().pod().name()).isEqualTo("with");
    assertThat(unclear.due()).isNull();
  }

  @Test
  void anAnswerThatComesLateSaysNothingOfTheNextAttempt() {
    add("p");
    Hold first = ask();
    unclear.remove("p");
    Hold second = add("p");
    unclear.asked(first, now);
    assertThat(unclear.isOpen(first)).isFalse();
    assertThat(unclear.isOpen(second)).isTrue();
    assertThat(ask()).isSameAs(second);
  }

  @Test
  void aClockThatIsSetBackKeepsNobodyWaiting() {
    add("p");
    unclear.asked(ask(), now);
    now = now.minus(Duration.ofHours(1));
    assertThat(unclear.next(now)).isNotNull();
  }

  private Hold ask() {
    @Nullable Question question = unclear.next(now);
    assertThat(question).isNotNull();
    return question.hold();
  }
}
