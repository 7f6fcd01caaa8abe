// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeptAnswersTest {
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final KeptAnswers answers = new KeptAnswers(() -> now);

  private static Keyring keyring(String user) {
    return new Keyring(
        Map.of("a.test", List.of(new Credential(user, "p", "", Credential.Source.NODE))));
  }

  private void put(String key, String asker, int length) {
    answers.put(key, keyring(key), asker, length, now.plus(Duration.ofHours(1)));
  }

  private boolean has(String key) {
    return answers.get(key) != null;
  }

  private long kept(String prefix) {
    return IntStream.range(0, 3_000).filter(i -> has(prefix + i)).count();
  }

  @Test
  void whoAsksMuchPushesOutHisOwnAnswersOnly() {
    for (int i = 0; i < 10; i++) {
      put("good" + i, "good", 100);
    }
    for (int i = 0; i < 3_000; i++) {
      put("much" + i, "much", 100);
    }
    assertThat(kept("good")).isEqualTo(10);
    assertThat(kept("much")).isEqualTo(990);
    assertThat(has("much2999")).as("the last").isTrue();
    assertThat(has("much0")).as("the first").isFalse();
  }

  @Test
  void whatWasOfUseLastStays() {
    put("first", "a", 100);
    for (int i = 0; i < 3_000; i++) {
      put("more" + i, "a", 100);
      assertThat(has("first")).isTrue();
    }
  }

  @Test
  void longAnswersCountAsWhatTheyTake() {
    for (int i = 0; i < 100; i++) {
      put("long" + i, "a", KeptAnswers.CHARACTERS_MAX / 8);
    }
    assertThat(kept("long")).isEqualTo(8);
  }

  @Test
  void whatIsOverIsNotGivenAndMakesRoom() {
    put("a", "a", KeptAnswers.CHARACTERS_MAX);
    now = now.plus(Duration.ofHours(1));
    assertThat(has("a")).isFalse();
    put("b", "b", KeptAnswers.CHARACTERS_LEAST);
    put("b", "b", KeptAnswers.CHARACTERS_MAX);
    assertThat(has("b")).as("an answer in the place of another").isTrue();
  }
}
