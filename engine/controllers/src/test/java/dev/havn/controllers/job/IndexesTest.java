// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class IndexesTest {
  @Property(tries = 200)
  void whatIsWrittenIsReadAsTheSameSet(
      @ForAll Set<@IntRange(max = 30) Integer> some,
      @ForAll Set<@IntRange(max = 30) Integer> more) {
    Set<Integer> all = new TreeSet<>(some);
    all.addAll(more);
    Indexes indexes = Indexes.of(some).plus(Indexes.of(more));
    assertThat(Indexes.parse(indexes.toString(), 31)).isEqualTo(indexes);
    assertThat(indexes.count()).isEqualTo(all.size());
    for (int i = 0; i <= 30; i++) {
      assertThat(indexes.contains(i)).isEqualTo(all.contains(i));
    }
    assertThat(indexes.missing(31, 31))
        .isEqualTo(IntStream.rangeClosed(0, 30).filter(i -> !all.contains(i)).boxed().toList());
    Set<Integer> both = new TreeSet<>(some);
    both.retainAll(more);
    assertThat(Indexes.of(some).common(Indexes.of(more))).isEqualTo(both.size());
  }

  @Test
  void threeInARowAreWrittenAsARange() {
    assertThat(Indexes.of(List.of(7, 0, 1, 3, 4, 5))).hasToString("0,1,3-5,7");
  }

  @Test
  void whatIsBeyondTheLastCompletionOrNoRangeIsLeftOut() {
    assertThat(Indexes.parse("0,3-9,x,12,5-4", 6)).hasToString("0,3-5");
    assertThat(Indexes.parse(null, 6)).isEqualTo(Indexes.NONE);
  }

  @Test
  void theGreatestIndexIsOneToo() {
    int completions = Integer.MAX_VALUE;
    assertThat(Indexes.parse("0-2147483646", completions).missing(3, completions)).isEmpty();
    assertThat(Indexes.parse("2147483640-9999999999", completions))
        .hasToString("2147483640-2147483646");
    assertThat(Indexes.NONE.missing(3, completions)).containsExactly(0, 1, 2);
  }

  @Test
  void noMoreAreMissingThanAskedFor() {
    assertThat(Indexes.parse("1", 9).missing(3, 9)).containsExactly(0, 2, 3);
  }
}
