// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SumsTest {
  private static final int DOMAINS = 40;

  @Property(tries = 200)
  void sumsAreThoseOfAMap(
      @ForAll @Size(max = 200) List<@IntRange(max = 3 * DOMAINS - 1) Integer> steps) {
    Sums sums = new Sums();
    Map<Integer, Long> expected = new HashMap<>();
    for (int step : steps) {
      int domain = step / 3;
      long amount = step % 3 - 1L;
      long sum = expected.merge(domain, amount, Long::sum);
      assertThat(sums.add(domain, amount, DOMAINS)).isEqualTo(sum);
    }
    for (int domain = -1; domain <= DOMAINS; domain++) {
      assertThat(sums.at(domain)).isEqualTo(expected.getOrDefault(domain, 0L));
    }
  }
}
