// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.util.Collections;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordsTest {
  private final Words words = new Words("c");

  @ParameterizedTest
  @CsvSource({
    "$(A), 1",
    "x$(A)y, x1y",
    "$$(A), $(A)",
    "$(NONE), $(NONE)",
    "$(A, $(A",
    "$A, $A",
    "$$$(A), $1",
    "a$, a$",
    "$(A$(A)$(, $(A$(A)$(",
    "$()x$$, $()x$",
  })
  void referencesAreExpanded(String text, String expanded) {
    words.put("A", "1");
    assertThat(words.expand(text)).isEqualTo(expanded);
  }

  private static void isTooMuch(ThrowingCallable word) {
    assertThatThrownBy(word)
        .isInstanceOfSatisfying(
            StartException.class,
            e -> assertThat(e.reason()).isEqualTo("CreateContainerConfigError"))
        .hasMessage(
            "variables, command and arguments of container c have more than 2097152 bytes, no process takes so many: let it read large values from volumes");
  }

  @Test
  void aFewVariablesThatNameEachOtherManyTimesDoNotFillTheMemory() {
    words.put("A", "x".repeat(100));
    words.putExpanded("B", "$(A)".repeat(100));
    words.putExpanded("C", "$(B)".repeat(100));
    isTooMuch(() -> words.putExpanded("D", "$(C)".repeat(1_000_000)));
    assertThat(words.variables()).containsOnlyKeys("A", "B", "C");
    isTooMuch(() -> words.expand("$(C)".repeat(1_000_000)));
  }

  @Test
  void allWordsTogetherAreBounded() {
    words.put("A", "x".repeat(500_000));
    assertThat(words.expand(List.of("$(A)", "$(A)", "$(A)"))).hasSize(3);
    isTooMuch(() -> words.expand("$(A)"));
    isTooMuch(() -> new Words("c").expand(Collections.nCopies(1_000_000, "")));
  }

  @Test
  void bytesAreCountedNotCharacters() {
    isTooMuch(() -> words.put("A", "ü".repeat(1_100_000)));
    words.put("A", "u".repeat(1_100_000));
  }
}
