// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class YamlExpansionTest {
  private static void refused(String text, String words) {
    assertThatThrownBy(() -> Yaml.read(text.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining(words);
  }

  @Test
  void aliasesOfAliasesDoNotFillTheMemory() {
    StringBuilder text = new StringBuilder("a0: &a0 [x, x, x]\n");
    for (int i = 1; i <= 16; i++) {
      text.append("a%d: &a%d [*a%d, *a%d, *a%d]\n".formatted(i, i, i - 1, i - 1, i - 1));
    }
    refused(text.toString(), "excessive aliasing");
  }

  @Test
  void anAnchorThatContainsItselfIsRefused() {
    refused("a: &a [*a]\n", "contains itself");
  }

  @Test
  void deepNestingIsRefused() {
    refused("[".repeat(2_000) + "]".repeat(2_000), "max depth");
    refused("[".repeat(100_000) + "]".repeat(100_000), "max depth");
  }

  @Test
  void aliasesAreCopies() {
    assertThat(Yaml.read("a: &a [1]\nb: *a\n".getBytes(StandardCharsets.UTF_8)).toString())
        .isEqualTo("{\"a\":[1],\"b\":[1]}");
  }
}
