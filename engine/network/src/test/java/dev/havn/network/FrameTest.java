// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What stands in a table before there is any object.
class FrameTest {
  private static Frame six(boolean plugged) {
    return new Frame(
        Family.IPV6,
        "89abcdef",
        AddressRange.parse("fd00:10:244::/56"),
        List.of(AddressRange.parse("fd00:10:96::/112")),
        true,
        plugged,
        "",
        Frame.Joint.NONE,
        1);
  }

  /// On a bridge whose packets are looked at, pods find each other by packets that are forwarded.
  @Test
  void whatPluginsLinkFindsItsNeighboursWhateverPoliciesSay() {
    List<String> commands = six(true).commands();
    String found = " icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept";
    for (String chain : List.of("police-sources", "police-targets", "police-machine")) {
      List<String> rules =
          commands.stream().filter(each -> each.startsWith("rule " + chain + " ")).toList();
      assertThat(rules).contains("rule " + chain + found);
      assertThat(rules.getLast())
          .endsWith(" vmap @policed-" + (chain.equals("police-targets") ? "targets" : "sources"));
    }
    assertThat(six(false).commands()).doesNotContain("rule police-targets" + found);
  }
}
