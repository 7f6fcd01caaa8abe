// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import dev.havn.network.rules.Rules.Element;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// All that stands in the cluster's table, by who contributed it. A change gives the script that
/// changes the table in the kernel the same way, in one transaction; its length depends on what
/// changes, not on what is there.
///
/// Where two claim the same element or chain, the one whose name comes first has it, and the other
/// one when that one is gone. Threads: one at a time.
public final class RuleBook {
  private static final String ABSENT = "absent";
  private static final int COMMAND_ELEMENTS_MAX = 256;

  private final String table;
  private final List<String> frame;
  private final SortedMap<String, Rules> contributions = new TreeMap<>();
  private final Map<Element, SortedMap<String, String>> claims = new HashMap<>();

  /// Rules by the chain and by who contributed them.
  private final Map<String, SortedMap<String, List<String>>> chains = new HashMap<>();

  /// @param table with its family, such as `ip havn-0123abcd`
  /// @param frame what is there always: commands without `add` and the table's name, such as `chain
  ///   x { ... }` as [#command] makes of them
  public RuleBook(String table, List<String> frame) {
    this.table = table;
    this.frame = List.copyOf(frame);
  }

  public @Nullable Rules of(String owner) {
    return contributions.get(owner);
  }

  public List<String> owners() {
    return List.copyOf(contributions.keySet());
  }

  /// Names of all sets that somebody contributes.
  public List<String> sets() {
    return contributions.values().stream().flatMap(each -> each.sets().keySet().stream()).toList();
  }

  /// Replaces contributions; [Rules#NONE] for who is gone.
  ///
  /// @return the script, empty when nothing changes
  public String change(Map<String, Rules> changes) {
    Map<Step, List<String>> script = new EnumMap<>(Step.class);
    SortedMap<Element, String> elements = new TreeMap<>();
    SortedMap<String, Optional<List<String>>> led = new TreeMap<>();
    new TreeMap<>(changes)
        .forEach(
            (owner, rules) -> {
              Rules old = contributions.getOrDefault(owner, Rules.NONE);
              if (rules.equals(Rules.NONE)) {
                contributions.remove(owner);
              } else {
                contributions.put(owner, rules);
              }
              sets(old, rules, script);
              claimChains(owner, old, rules, led);
              claim(owner, old, rules, elements);
            });
    led.forEach((name, before) -> chain(name, before, script));
    elements.forEach((element, before) -> element(element, before, script));
    return join(script.values().stream().flatMap(List::stream).toList());
  }

  /// The order in which a kernel takes the commands of a change: nothing is used before it is made,
  /// nothing goes while it is used.
  private enum Step {
    MAKE_SETS,
    MAKE_CHAINS,
    FILL_CHAINS,
    TAKE_ELEMENTS,
    GIVE_ELEMENTS,
    EMPTY_CHAINS,
    DELETE_CHAINS,
    DELETE_SETS
  }

  private static void add(Map<Step, List<String>> script, Step step, String command) {
    script.computeIfAbsent(step, _ -> new ArrayList<>()).add(command);
  }

  private void sets(Rules old, Rules now, Map<Step, List<String>> script) {
    now.sets()
        .forEach(
            (name, definition) -> {
              if (!old.sets().containsKey(name)) {
                add(script, Step.MAKE_SETS, command("add", "set", name + " " + definition));
              }
            });
    for (String name : old.sets().keySet()) {
      if (!now.sets().containsKey(name)) {
        add(script, Step.DELETE_SETS, command("delete", "set", name));
      }
    }
  }

  private void claimChains(
      String owner, Rules old, Rules now, SortedMap<String, Optional<List<String>>> before) {
    TreeSet<String> concerned = new TreeSet<>(old.chains().keySet());
    concerned.addAll(now.chains().keySet());
    for (String name : concerned) {
      @Nullable List<String> rules = now.chains().get(name);
      if (rules != null && rules.equals(old.chains().get(name))) {
        continue;
      }
      before.putIfAbsent(name, chain(name));
      SortedMap<String, List<String>> all = chains.computeIfAbsent(name, _ -> new TreeMap<>());
      if (rules == null) {
        all.remove(owner);
      } else {
        all.put(owner, rules);
      }
      if (all.isEmpty()) {
        chains.remove(name);
      }
    }
  }

  /// What is in a chain, empty for one that is not there.
  private Optional<List<String>> chain(String name) {
    @Nullable SortedMap<String, List<String>> all = chains.get(name);
    return all == null ? Optional.empty() : Optional.of(all.sequencedValues().getFirst());
  }

  private void chain(String name, Optional<List<String>> before, Map<Step, List<String>> script) {
    Optional<List<String>> after = chain(name);
    if (before.equals(after)) {
      return;
    }
    if (after.isEmpty()) {
      add(script, Step.EMPTY_CHAINS, command("flush", "chain", name));
      add(script, Step.DELETE_CHAINS, command("delete", "chain", name));
      return;
    }
    if (before.isEmpty()) {
      add(script, Step.MAKE_CHAINS, command("add", "chain", name));
    } else {
      add(script, Step.FILL_CHAINS, command("flush", "chain", name));
    }
    after
        .get()
        .forEach(rule -> add(script, Step.FILL_CHAINS, command("add", "rule", name + " " + rule)));
  }

  private void claim(String owner, Rules old, Rules now, SortedMap<Element, String> before) {
    TreeSet<Element> concerned = new TreeSet<>(old.elements().keySet());
    concerned.addAll(now.elements().keySet());
    for (Element element : concerned) {
      @Nullable String value = now.elements().get(element);
      if (value != null && value.equals(old.elements().get(element))) {
        continue;
      }
      before.putIfAbsent(element, effective(element));
      SortedMap<String, String> all = claims.computeIfAbsent(element, _ -> new TreeMap<>());
      if (value == null) {
        all.remove(owner);
      } else {
        all.put(owner, value);
      }
      if (all.isEmpty()) {
        claims.remove(element);
      }
    }
  }

  private String effective(Element element) {
    @Nullable SortedMap<String, String> all = claims.get(element);
    return all == null ? ABSENT : all.sequencedValues().getFirst();
  }

  private void element(Element element, String before, Map<Step, List<String>> script) {
    String after = effective(element);
    if (before.equals(after)) {
      return;
    }
    if (!before.equals(ABSENT)) {
      String text = element.set() + " { " + element.key() + " }";
      add(script, Step.TAKE_ELEMENTS, command("delete", "element", text));
    }
    if (!after.equals(ABSENT)) {
      add(script, Step.GIVE_ELEMENTS, command("add", "element", text(element, after)));
    }
  }

  private static String text(Element element, String value) {
    return element.set() + " { " + pair(element, value) + " }";
  }

  private static String pair(Element element, String value) {
    return value.isEmpty() ? element.key() : element.key() + " : " + value;
  }

  /// Many in a command: for `nft` that is half the work of a command for each.
  private void elements(List<String> script) {
    Map<String, List<String>> pairs = new TreeMap<>();
    new TreeMap<>(claims)
        .forEach(
            (element, _) ->
                pairs
                    .computeIfAbsent(element.set(), _ -> new ArrayList<>())
                    .add(pair(element, effective(element))));
    pairs.forEach(
        (set, all) -> {
          for (int i = 0; i < all.size(); i += COMMAND_ELEMENTS_MAX) {
            List<String> some = all.subList(i, Math.min(all.size(), i + COMMAND_ELEMENTS_MAX));
            script.add(command("add", "element", set + " { " + String.join(", ", some) + " }"));
          }
        });
  }

  /// The script that makes the whole table, in place of what is there under its name.
  public String all() {
    List<String> script = new ArrayList<>();
    script.add("add table " + table);
    script.add("delete table " + table);
    script.add("add table " + table);
    frame.forEach(each -> script.add(framed(each)));
    contributions.forEach(
        (_, rules) ->
            rules
                .sets()
                .forEach((name, set) -> script.add(command("add", "set", name + " " + set))));
    List<String> rules = new ArrayList<>();
    for (String name : new TreeSet<>(chains.keySet())) {
      script.add(command("add", "chain", name));
      chain(name)
          .orElseThrow()
          .forEach(rule -> rules.add(command("add", "rule", name + " " + rule)));
    }
    script.addAll(rules);
    elements(script);
    return join(script);
  }

  private String framed(String each) {
    int space = each.indexOf(' ');
    return command("add", each.substring(0, space), each.substring(space + 1));
  }

  private String command(String verb, String what, String text) {
    return verb + " " + what + " " + table + " " + text;
  }

  private static String join(List<String> script) {
    return script.isEmpty() ? "" : String.join("\n", script) + "\n";
  }
}
