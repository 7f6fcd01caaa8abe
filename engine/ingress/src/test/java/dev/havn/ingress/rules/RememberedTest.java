// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RememberedTest {
  private final List<String> made = new ArrayList<>();
  private final Remembered<String, String> known = new Remembered<>(2);

  private String ask(String key) {
    return known.get(
        key,
        each -> {
          made.add(each);
          return each;
        });
  }

  @Test
  void isKeptWhileItIsAskedForAtEachTurn() {
    for (int i = 0; i < 3; i++) {
      known.turn();
      ask("a");
      ask("a");
    }
    assertThat(made).containsExactly("a");
    known.turn();
    known.turn();
    ask("a");
    assertThat(made).as("nobody asked for it in the turn between").containsExactly("a", "a");
  }

  @Test
  void whatIsMoreThanItsBoundIsMadeAgain() {
    ask("a");
    ask("b");
    ask("c");
    ask("c");
    ask("a");
    assertThat(made).containsExactly("a", "b", "c", "c");
  }
}
