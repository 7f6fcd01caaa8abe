// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.Reconciler.Key;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class IndexTest {
  private static final Key A = new Key("default", "a");
  private static final Key B = new Key("default", "b");

  /// Objects are words, the terms their parts.
  private final Index<String> index = new Index<>(object -> List.of(object.split(" ")));

  @Test
  void findsWhatStandsUnderATermOnly() {
    index.change(A, null, "red round");
    index.change(B, null, "red flat");

    assertThat(index.list("red")).containsExactlyInAnyOrder("red round", "red flat");
    assertThat(index.list("round")).containsExactly("red round");
    assertThat(index.list("green")).isEmpty();
  }

  @Test
  void followsWhatChanges() {
    index.change(A, null, "red round");
    index.change(A, "red round", "green round");

    assertThat(index.list("red")).isEmpty();
    assertThat(index.list("green")).containsExactly("green round");
    assertThat(index.list("round")).containsExactly("green round");
  }

  @Test
  void keepsNothingOfWhatIsGone() {
    index.change(A, null, "red round");
    index.change(B, null, "red flat");
    index.change(A, "red round", null);

    assertThat(Arrays.asList(index.list("round"), index.list("red")))
        .containsExactly(List.of(), List.of("red flat"));
  }
}
