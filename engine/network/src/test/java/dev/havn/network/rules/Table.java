// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// What a script leaves in a kernel's table; refuses what a kernel refuses.
final class Table {
  final SortedMap<String, List<String>> chains = new TreeMap<>();
  final SortedMap<String, SortedMap<String, String>> sets = new TreeMap<>();

  Table run(String script) {
    for (String line : script.split("\n")) {
      if (!line.isEmpty()) {
        run(line.split(" ", 6), line);
      }
    }
    return this;
  }

  private void run(String[] words, String line) {
    String name = words.length > 4 ? words[4] : "";
    String rest = words.length > 5 ? words[5] : "";
    switch (words[0] + " " + words[1]) {
      case "add table" -> {}
      case "delete table" -> {
        chains.clear();
        sets.clear();
      }
      case "add set", "add map" -> sets.putIfAbsent(name, new TreeMap<>());
      case "add chain" -> chains.putIfAbsent(name, new ArrayList<>());
      case "add rule" -> chains.get(name).add(rest);
      case "flush chain" -> chains.get(name).clear();
      case "delete chain" -> {
        require(chains.get(name).isEmpty(), line);
        chains.remove(name);
        require(!isNamed(name), line);
      }
      case "delete set" -> {
        require(sets.remove(name) != null && !isNamed("@" + name), line);
      }
      case "add element" -> {
        for (String pair : rest.substring(2, rest.length() - 2).split(", ")) {
          String[] parts = pair.split(" : ", 2);
          String old = sets.get(name).put(parts[0], parts.length > 1 ? parts[1] : "");
          require(old == null, line);
        }
      }
      case "delete element" ->
          require(sets.get(name).remove(rest.substring(2, rest.length() - 2)) != null, line);
      default -> throw new IllegalStateException(line);
    }
  }

  /// Whether a rule or an element leads to a chain, or a rule uses a set.
  private boolean isNamed(String name) {
    return chains.values().stream().flatMap(List::stream).anyMatch(rule -> ends(rule, name))
        || sets.values().stream()
            .flatMap(set -> set.values().stream())
            .anyMatch(value -> ends(value, name));
  }

  private static boolean ends(String text, String name) {
    return List.of(text.split("[ ,]")).contains(name);
  }

  private static void require(boolean isFine, String line) {
    if (!isFine) {
      throw new IllegalStateException("no kernel takes: " + line);
    }
  }

  @Override
  public String toString() {
    return chains + "\n" + sets;
  }
}
