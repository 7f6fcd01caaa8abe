// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VersionedIndexTest {
  private final VersionedIndex index = new VersionedIndex();

  private void put(long revision) {
    index.set("a", revision, new Entry("a", new byte[0], 1, revision));
  }

  @Test
  void aKeyThatWasWrittenVeryOftenIsForgottenWithoutWalkingItsPast() {
    int writes = 200_000;
    for (int revision = 1; revision <= writes; revision++) {
      put(revision);
      if (revision > 100_000) {
        index.compact(revision - 100_000);
      }
    }
    assertThat(index.range("a", "", 0, 100_001).entries())
        .extracting(Entry::revision)
        .containsExactly(100_001L);
    index.compact(writes);
    assertThat(index.range("a", "", 0, 100_001).entries()).isEmpty();
    assertThat(index.get("a").revision()).isEqualTo(writes);
  }

  @Test
  void aDeletedKeyThatCameBackStaysWhenItsAbsenceIsForgotten() {
    put(1);
    index.set("a", 2, null);
    put(3);
    index.compact(2);
    assertThat(index.range("a", "", 0, 2).entries()).isEmpty();
    assertThat(index.range("a", "", 0, 3).entries()).hasSize(1);
    index.set("a", 4, null);
    index.compact(4);
    assertThat(index.get("a")).isNull();
    assertThat(index.count("")).isZero();
  }
}
