// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What one object of the cluster contributes to the table.
///
/// @param chains rules by the name of their chain; who else contributes a chain of the same name
///   contributes the same rules
/// @param sets definitions by name; a name stands for one definition for ever
/// @param elements of sets and maps, with what a map leads to; of a set it is empty
public record Rules(
    SortedMap<String, List<String>> chains,
    SortedMap<String, String> sets,
    SortedMap<Element, String> elements) {
  public static final Rules NONE = new Builder().build();
  private static final Pattern LED = Pattern.compile("\\b(?:jump|goto) ([^ ,}]+)");

  /// An element of a named set or map.
  public record Element(String set, String key) implements Comparable<Element> {
    private static final Comparator<Element> ORDER =
        Comparator.comparing(Element::set).thenComparing(Element::key);

    @Override
    public int compareTo(Element other) {
      return ORDER.compare(this, other);
    }
  }

  /// The chains that these rules lead to, their own among them.
  public Set<String> targets() {
    Set<String> names = new HashSet<>();
    Stream.concat(chains.values().stream().flatMap(List::stream), elements.values().stream())
        .map(LED::matcher)
        .flatMap(Matcher::results)
        .forEach(each -> names.add(each.group(1)));
    return names;
  }

  /// Collects rules. Threads: one.
  public static final class Builder {
    private final SortedMap<String, List<String>> chains = new TreeMap<>();
    private final SortedMap<String, String> sets = new TreeMap<>();
    private final SortedMap<Element, String> elements = new TreeMap<>();

    /// Adds rules to the end of a chain, which is made when there is none.
    public Builder chain(String name, List<String> rules) {
      chains.computeIfAbsent(name, _ -> new ArrayList<>()).addAll(rules);
      return this;
    }

    public Builder set(String name, String definition) {
      sets.put(name, definition);
      return this;
    }

    public Builder element(String set, String key, String value) {
      elements.put(new Element(set, key), value);
      return this;
    }

    public Rules build() {
      SortedMap<String, List<String>> copy = new TreeMap<>();
      chains.forEach((name, rules) -> copy.put(name, List.copyOf(rules)));
      return new Rules(
          Collections.unmodifiableSortedMap(copy),
          Collections.unmodifiableSortedMap(new TreeMap<>(sets)),
          Collections.unmodifiableSortedMap(new TreeMap<>(elements)));
    }
  }
}
