// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RuleBookTest {
  private static final List<String> FRAME =
      List.of("map services { }", "set hairpins { }", "chain translate");

  private static RuleBook book() {
    return new RuleBook("ip havn-test", FRAME);
  }

  @Property(tries = 300)
  void changesOneByOneLeaveWhatIsMadeAtOnce(@ForAll long seed) {
    Random random = new Random(seed);
    RuleBook book = book();
    Table table = new Table().run(book.all());
    Map<String, Rules> last = new HashMap<>();
    for (int i = 0; i < 20; i++) {
      Map<String, Rules> changes = new HashMap<>();
      for (int j = random.nextInt(3); j >= 0; j--) {
        String owner = "service-" + random.nextInt(4);
        changes.put(owner, random.nextInt(4) == 0 ? Rules.NONE : rules(owner, random));
      }
      last.putAll(changes);
      table.run(book.change(changes));
      RuleBook fresh = book();
      fresh.change(last);
      assertThat(table.toString()).isEqualTo(new Table().run(fresh.all()).toString());
    }
  }

  /// Chains of endpoints that others lead to, chains that several share, sets that come and go,
  /// elements that several claim.
  private static Rules rules(String owner, Random random) {
    Rules.Builder rules = new Rules.Builder();
    List<String> main = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      if (random.nextBoolean()) {
        String endpoint = owner + "-endpoint-" + i;
        String set = owner + "-affinity-" + i;
        rules.set(set, "{ }");
        rules.chain(endpoint, List.of("update @" + set + " then", "dnat to " + random.nextInt(2)));
        main.add("goto " + endpoint);
      }
    }
    rules.chain(owner, main);
    if (random.nextBoolean()) {
      int count = random.nextInt(3);
      rules.chain("spread-" + count, List.of("dnat to one of " + count));
      rules.element("services", "shared-" + owner, "goto spread-" + count);
    }
    for (int i = 0; i < 3; i++) {
      if (random.nextBoolean()) {
        rules.element("services", "address-" + random.nextInt(3), "goto " + owner);
        rules.element("hairpins", "pair-" + random.nextInt(3), "");
      }
    }
    return rules.build();
  }

  @Test
  void aChangeOfOneSaysNothingOfOthers() {
    RuleBook book = book();
    Rules one = new Rules.Builder().chain("one", List.of("drop")).build();
    Rules other = new Rules.Builder().chain("other", List.of("drop")).build();
    book.change(Map.of("one", one, "other", other));
    Rules changed = new Rules.Builder().chain("one", List.of("accept")).build();
    assertThat(book.change(Map.of("one", changed, "other", other)))
        .isEqualTo("flush chain ip havn-test one\nadd rule ip havn-test one accept\n");
  }

  @Test
  void aChainThatTwoShareStaysUntilBothAreGone() {
    RuleBook book = book();
    Rules shared = new Rules.Builder().chain("spread-2", List.of("dnat")).build();
    assertThat(book.change(Map.of("one", shared)))
        .isEqualTo("add chain ip havn-test spread-2\nadd rule ip havn-test spread-2 dnat\n");
    assertThat(book.change(Map.of("other", shared))).isEmpty();
    assertThat(book.change(Map.of("one", Rules.NONE))).isEmpty();
    assertThat(book.change(Map.of("other", Rules.NONE, "one", shared))).isEmpty();
    assertThat(book.change(Map.of("one", Rules.NONE)))
        .isEqualTo("flush chain ip havn-test spread-2\ndelete chain ip havn-test spread-2\n");
  }

  @Test
  void anElementThatTwoClaimIsTheSecondsWhenTheFirstIsGone() {
    RuleBook book = book();
    Rules first = new Rules.Builder().element("services", "x", "goto a").build();
    Rules second = new Rules.Builder().element("services", "x", "goto b").build();
    book.change(Map.of("2", second));
    assertThat(book.change(Map.of("1", first)))
        .isEqualTo(
            "delete element ip havn-test services { x }\n"
                + "add element ip havn-test services { x : goto a }\n");
    assertThat(book.change(Map.of("1", Rules.NONE))).contains("{ x : goto b }");
  }
}
