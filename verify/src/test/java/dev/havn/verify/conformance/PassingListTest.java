// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PassingListTest {
  private final PassingList.Run run =
      PassingList.Run.of(
          List.of(
              "area\ttest\tresult\tseconds\twhy",
              "cli\tone\tpassed\t1\t",
              "cli\ttwo\tfailed\t1\tno",
              "cli\tthree\tpassed\t1\t"));

  @Test
  void aTestThatBeginsToPassIsNamed() {
    assertThat(run.began(Set.of("one"))).containsExactly("three");
  }

  @Test
  void aTestThatCeasesToPassIsNamedButOneThatDidNotRunIsNot() {
    assertThat(run.ceased(Set.of("one", "two", "elsewhere"))).containsExactly("two");
  }

  @Test
  void anUpdateKeepsWhatDidNotRun() {
    assertThat(run.update(Set.of("two", "elsewhere"))).containsExactly("elsewhere", "one", "three");
  }
}
