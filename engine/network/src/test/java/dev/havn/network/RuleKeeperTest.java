// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.AddressRange;
import dev.havn.network.policy.Policies;
import dev.havn.network.policy.PoliciesTest;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Rules before a kernel that refuses every script with `bad` in it.
class RuleKeeperTest {
  private static final Frame FRAME =
      new Frame(
          Family.IPV4,
          "0123abcd",
          AddressRange.parse("10.244.0.0/16"),
          List.of(AddressRange.parse("10.96.0.0/16")),
          false,
          false,
          "",
          Frame.Joint.NONE,
          1);

  private static final Pattern LED =
      Pattern.compile("(?:jump|goto) ((?:in|e)gress-[^\\s,]+|to-[^\\s,]+)");

  private final List<String> taken = new ArrayList<>();
  private String bad = "bad";
  private String tables = "";
  private String tablesThen = "";
  private String listing = "";
  private int asked;
  private final RuleKeeper keeper = new RuleKeeper(FRAME, this::run);

  private Commands.Output run(List<String> command, String script) {
    asked++;
    if (command.equals(Commands.TABLES)) {
      String now = tables;
      tables = tablesThen.isEmpty() ? tables : tablesThen;
      return new Commands.Output(0, now);
    }
    if (script.contains(bad) || leadsNowhere(script)) {
      return new Commands.Output(1, "no such thing");
    }
    if (script.startsWith("list set ")) {
      return new Commands.Output(0, listed(script));
    }
    if (!command.contains("-c")) {
      taken.add(script);
    }
    return new Commands.Output(0, "");
  }

  private String listed(String script) {
    return script
        .lines()
        .map(each -> listing.formatted(each.substring(each.lastIndexOf(' ') + 1)))
        .collect(Collectors.joining("\n"));
  }

  private static boolean leadsNowhere(String script) {
    return LED.matcher(script)
        .results()
        .anyMatch(each -> !script.contains("add chain ip havn-0123abcd " + each.group(1) + "\n"));
  }

  private static Rules rules(String name) {
    return new Rules.Builder().chain(name, List.of("drop")).build();
  }

  @Test
  void oneThatIsRefusedKeepsNobodyElseFromHavingRules() {
    Map<String, Rules> all = new HashMap<>();
    for (int i = 0; i < 100; i++) {
      all.put("owner-" + i, rules(i == 41 ? "bad" : "chain-" + i + "."));
    }
    keeper.change(all);
    assertThat(taken).hasSize(1);
    assertThat(taken.getFirst()).contains("chain-0.", "chain-99.").doesNotContain("bad");
    assertThat(asked).isLessThan(30);
  }

  @Test
  void aChangeThatIsRefusedLeavesTheTableAsItIsForOthers() {
    keeper.change(Map.of("a", rules("first"), "b", rules("second")));
    keeper.change(Map.of("a", rules("bad"), "b", rules("third")));
    assertThat(taken).hasSize(2);
    assertThat(taken.getLast())
        .contains("delete chain ip havn-0123abcd first", "add chain ip havn-0123abcd third")
        .doesNotContain("delete table");
    asked = 0;
    keeper.change(Map.of("a", rules("bad"), "c", rules("fourth")));
    assertThat(asked).as("what was refused is not tried again").isEqualTo(1);
    keeper.change(Map.of("a", rules("fine")));
    assertThat(taken.getLast()).contains("add chain ip havn-0123abcd fine");
  }

  @Test
  void nobodyIsLeftOutWhereNothingIsTaken() {
    bad = "table";
    assertThatThrownBy(() -> keeper.change(Map.of("a", rules("first"))))
        .isInstanceOf(UncheckedIOException.class);
    bad = "bad";
    keeper.change(Map.of());
    assertThat(taken.getLast()).contains("first");
  }

  private static Rules affine(String name) {
    return new Rules.Builder().set("affinity-" + name, "{ type ipv4_addr; }").build();
  }

  /// Of the sets those are read that remember clients, and only where there may be some.
  @Test
  void whoGoesWhereIsKeptWhenTheTableIsReplaced() {
    keeper.change(
        Map.of("a", affine("a"), "b", affine("b"), "c", affine("c"), "d", rules("first")));
    assertThat(taken).hasSize(1);
    tables = "table ip havn-0123abcd {\n}";
    keeper.look();
    bad = "affinity-b\n";
    listing =
        "table ip havn-0123abcd {\n\tset %s {\n\t\ttype ipv4_addr\n"
            + "\t\telements = { 10.244.0.5 timeout 3h expires 59m1s }\n\t}\n}";
    tables = "table ip other {\n}";
    keeper.look();
    assertThat(taken.getLast()).doesNotContain("expires");
    replaceAgain();
    assertThat(taken.getLast())
        .contains("affinity-a { 10.244.0.5 expires 59m1s }", "affinity-c { 10.244.0.5 expires")
        .doesNotContain("affinity-b { 10.244.0.5");
  }

  /// The table is gone when somebody looks, and there when its sets are read.
  private void replaceAgain() {
    tables = "";
    tablesThen = "table ip havn-0123abcd {\n}";
    keeper.look();
  }

  @Test
  void aTableThatSomebodyDeletesIsMadeAgain() {
    keeper.change(Map.of("a", rules("first")));
    tables = "table ip havn-0123abcd {\n\tchain first {\n\t}\n}";
    keeper.look();
    assertThat(taken).hasSize(1);
    tables = "table ip havn-0123abcde {\n}";
    keeper.look();
    assertThat(taken).hasSize(2);
    assertThat(taken.getLast()).contains("add chain ip havn-0123abcd first");
  }

  /// Each test of a part is made without the policies of the other part.
  @Test
  void onePolicyThatIsRefusedOpensNoPod() {
    bad = "10.244.1.5 . tcp . 8080";
    Policies world =
        PoliciesTest.world(
            "{podSelector: {}, policyTypes: [Ingress]}",
            "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: main}]}]}");
    keeper.change(world.rules(Family.IPV4));
    assertThat(taken.getLast())
        .contains(
            "10.244.0.5 : goto to-10.244.0.5",
            "10.244.1.5 : goto to-10.244.1.5",
            "add chain ip havn-0123abcd ingress-")
        .doesNotContain("th dport @ingress-");
  }

  @Test
  void aPodWhoseRulesAreRefusedIsCutOff() {
    bad = "add rule ip havn-0123abcd to-10.244.1.5 ";
    keeper.change(
        PoliciesTest.world("{podSelector: {}, policyTypes: [Ingress]}").rules(Family.IPV4));
    assertThat(taken).hasSize(1);
    assertThat(taken.getFirst()).contains("10.244.0.5 : goto to-10.244.0.5", "10.244.1.5 : drop");
  }
}
