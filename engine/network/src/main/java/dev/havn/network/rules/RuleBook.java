// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import dev.havn.network.rules.Rules.Element;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// All that stands in the cluster's table, by who contributed it. A change gives the script that
/// changes the table in the kernel the same way, in one transaction; its length depends on what
/// changes, not on what is there.
///
/// Where two claim the same element, the one whose name comes first has it, and the other one when
/// that one is gone. Threads: one at a time.
public final class RuleBook {
  private static final String ABSENT = "absent";

  private final String table;
  private final List<String> frame;
  private final SortedMap<String, Rules> contributions = new TreeMap<>();
  private final Map<Element, SortedMap<String, String>> claims = new HashMap<>();

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

  public boolean hasSets() {
    return contributions.values().stream().anyMatch(each -> !each.sets().isEmpty());
  }

  public boolean hasSet(String name) {
    return contributions.values().stream().anyMatch(each -> each.sets().containsKey(name));
  }

  /// Replaces contributions; [Rules#NONE] for who is gone.
  ///
  /// @return the script, empty when nothing changes
  public String change(Map<String, Rules> changes) {
    List<String> made = new ArrayList<>();
    List<String> filled = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    SortedMap<Element, String> before = new TreeMap<>();
    new TreeMap<>(changes)
        .forEach(
            (owner, rules) -> {
              Rules old = contributions.getOrDefault(owner, Rules.NONE);
              if (rules.equals(Rules.NONE)) {
                contributions.remove(owner);
              } else {
                contributions.put(owner, rules);
              }
              chains(old, rules, made, filled, removed);
              claim(owner, old, rules, before);
            });
    List<String> script = new ArrayList<>(made);
    script.addAll(filled);
    List<String> added = new ArrayList<>();
    before.forEach((element, value) -> elements(element, value, script, added));
    script.addAll(added);
    script.addAll(removed);
    return join(script);
  }

  private void chains(
      Rules old, Rules now, List<String> made, List<String> filled, List<String> removed) {
    List<String> goneChains = new ArrayList<>();
    now.sets()
        .forEach(
            (name, definition) -> {
              if (!old.sets().containsKey(name)) {
                made.addFirst(command("add", "set", name + " " + definition));
              }
            });
    now.chains()
        .forEach(
            (name, rules) -> {
              @Nullable List<String> known = old.chains().get(name);
              if (known == null) {
                made.add(command("add", "chain", name));
              } else if (!known.equals(rules)) {
                filled.add(command("flush", "chain", name));
              }
              if (!rules.equals(known)) {
                rules.forEach(rule -> filled.add(command("add", "rule", name + " " + rule)));
              }
            });
    for (String name : old.chains().keySet()) {
      if (!now.chains().containsKey(name)) {
        removed.addFirst(command("flush", "chain", name));
        goneChains.add(command("delete", "chain", name));
      }
    }
    removed.addAll(goneChains);
    for (String name : old.sets().keySet()) {
      if (!now.sets().containsKey(name)) {
        removed.add(command("delete", "set", name));
      }
    }
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

  private void elements(Element element, String before, List<String> script, List<String> added) {
    String after = effective(element);
    if (before.equals(after)) {
      return;
    }
    if (!before.equals(ABSENT)) {
      script.add(command("delete", "element", element.set() + " { " + element.key() + " }"));
    }
    if (!after.equals(ABSENT)) {
      added.add(command("add", "element", text(element, after)));
    }
  }

  private static String text(Element element, String value) {
    String end = value.isEmpty() ? " }" : " : " + value + " }";
    return element.set() + " { " + element.key() + end;
  }

  /// The script that makes the whole table, in place of what is there under its name.
  public String all() {
    List<String> script = new ArrayList<>();
    script.add("add table " + table);
    script.add("delete table " + table);
    script.add("add table " + table);
    frame.forEach(each -> script.add(framed(each)));
    List<String> chains = new ArrayList<>();
    contributions.forEach(
        (_, rules) -> {
          rules.sets().forEach((name, set) -> script.add(command("add", "set", name + " " + set)));
          rules.chains().keySet().forEach(name -> script.add(command("add", "chain", name)));
          rules
              .chains()
              .forEach(
                  (name, all) ->
                      all.forEach(rule -> chains.add(command("add", "rule", name + " " + rule))));
        });
    script.addAll(chains);
    new TreeMap<>(claims)
        .forEach(
            (element, _) ->
                script.add(command("add", "element", text(element, effective(element)))));
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
