// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserRangesTest {
  @TempDir private Path folder;

  private UserRanges open(String owner, int ranges, Path... others) throws IOException {
    return new UserRanges(folder.resolve("ranges"), owner, ranges, List.of(others));
  }

  @Test
  void noTwoPodsOfAMachineHaveIdsInCommon() throws IOException {
    UserRanges one = open("one", 10);
    UserRanges other = open("other", 10);
    assertThat(one.give("a")).isEqualTo(65_536);
    assertThat(other.give("a")).isEqualTo(131_072);
    assertThat(one.give("b")).isEqualTo(196_608);
    assertThat(one.give("a")).isEqualTo(65_536);
  }

  @Test
  void theNextOneKnowsThemAndFreesThoseOfPodsThatAreGone() throws IOException {
    UserRanges first = open("node", 3);
    first.give("stays");
    first.give("goes");
    open("node2", 3).give("of another");
    UserRanges next = open("node", 3);
    next.keep(List.of("stays"));
    assertThat(next.give("stays")).isEqualTo(65_536);
    assertThat(next.give("new")).isEqualTo(131_072);
    assertThatThrownBy(() -> next.give("more"))
        .hasMessage(
            "create user namespace: could not find an empty slot to allocate a user namespace");
    next.free("stays");
    assertThat(next.give("more")).isEqualTo(65_536);
  }

  @Test
  void onesThatBecameFreeRest() throws IOException {
    UserRanges ranges = open("node", 2);
    ranges.give("a");
    ranges.free("a");
    assertThat(ranges.give("b")).isEqualTo(131_072);
    assertThat(ranges.give("c")).isEqualTo(65_536);
  }

  @Test
  void idsOfOthersAreLeftToThem() throws IOException {
    Path others =
        Files.writeString(folder.resolve("subuid"), "me:100000:65536\n# no line\nyou:x:1\n");
    UserRanges ranges = open("node", 4, others, folder.resolve("missing"));
    assertThat(ranges.give("a")).isEqualTo(196_608);
    assertThat(ranges.give("b")).isEqualTo(262_144);
    assertThatThrownBy(() -> ranges.give("c")).isInstanceOf(IOException.class);
  }

  @Test
  void theLastRangeEndsBelowTheNumberThatIsNobodys() {
    assertThat((UserRanges.RANGES_MAX + 1L) * UserRanges.IDS - 1).isLessThan(0xffffffffL);
  }
}
