// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which nodes are together: those with the same value of a label. Each value that some node has is
/// a domain with a small number; a number is given again when no node has its value any more.
public final class Topology {
  /// Of a node without the label.
  public static final int NONE = -1;

  private final String key;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final Deque<Integer> free = new ArrayDeque<>();
  private int[] domains = new int[16];
  private int[] nodes = new int[16];
  private String[] values = new String[16];

  Topology(String key) {
    this.key = key;
    Arrays.fill(domains, NONE);
  }

  public String key() {
    return key;
  }

  /// The domain of a node, by its slot.
  public int of(NodeState node) {
    return node.slot() < domains.length ? domains[node.slot()] : NONE;
  }

  /// How many domains there are.
  public int size() {
    return numbers.size();
  }

  /// All numbers of domains are below this.
  public int bound() {
    return numbers.size() + free.size();
  }

  /// Whether some node is in a domain.
  public boolean isUsed(int domain) {
    return nodes[domain] > 0;
  }

  /// Puts a node where its labels say. Its pods must count nowhere meanwhile.
  void put(NodeState node) {
    @Nullable String value =
        !node.isKnown() ? null : key.isEmpty() ? node.name() : node.labels().get(key);
    int before = of(node);
    if (before != NONE && value != null && values[before].equals(value)) {
      return;
    }
    if (before != NONE && --nodes[before] == 0) {
      numbers.remove(values[before]);
      free.add(before);
    }
    if (node.slot() >= domains.length) {
      int length = domains.length;
      domains = Arrays.copyOf(domains, Math.max(node.slot() + 1, 2 * length));
      Arrays.fill(domains, length, domains.length, NONE);
    }
    domains[node.slot()] = value == null ? NONE : enter(value);
  }

  private int enter(String value) {
    @Nullable Integer known = numbers.get(value);
    int number = known == null ? open(value) : known;
    nodes[number]++;
    return number;
  }

  private int open(String value) {
    @Nullable Integer reused = free.poll();
    int number = reused == null ? numbers.size() : reused;
    if (number >= values.length) {
      nodes = Arrays.copyOf(nodes, 2 * number);
      values = Arrays.copyOf(values, 2 * number);
    }
    numbers.put(value, number);
    values[number] = value;
    return number;
  }
}
