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
///
/// A part of a topology has the same domains with the same numbers, but only nodes that a rule
/// includes.
public final class Topology {
  /// Of a node without the label.
  public static final int NONE = -1;

  private final String key;
  private final @Nullable Part part;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final Deque<Integer> free = new ArrayDeque<>();
  private int[] domains = new int[16];
  private int[] nodes = new int[16];
  private String[] values = new String[16];
  private int used;
  private long version;

  private record Part(Topology whole, NodeRule rule) {}

  Topology(String key) {
    this(key, null);
  }

  private Topology(String key, @Nullable Part part) {
    this.key = key;
    this.part = part;
    Arrays.fill(domains, NONE);
  }

  Topology within(NodeRule rule) {
    return new Topology(key, new Part(this, rule));
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
    return used;
  }

  /// All numbers of domains are below this.
  public int bound() {
    return part == null ? numbers.size() + free.size() : part.whole().bound();
  }

  /// Whether some node is in a domain.
  public boolean isUsed(int domain) {
    return domain < nodes.length && nodes[domain] > 0;
  }

  /// Another one once a node has come to a domain or left it.
  long version() {
    return version;
  }

  /// Puts a node where its labels say, in a part after the whole. Its pods must count nowhere
  /// meanwhile.
  void put(NodeState node) {
    if (part != null) {
      move(node, node.isKnown() && part.rule().includes(node) ? part.whole().of(node) : NONE);
      return;
    }
    @Nullable String value =
        !node.isKnown() ? null : key.isEmpty() ? node.name() : node.labels().get(key);
    int before = of(node);
    if (before != NONE && value != null && values[before].equals(value)) {
      return;
    }
    boolean last = before != NONE && nodes[before] == 1;
    move(node, value == null ? NONE : number(value));
    if (last) {
      numbers.remove(values[before]);
      free.add(before);
    }
  }

  private void move(NodeState node, int domain) {
    int before = of(node);
    if (before == domain) {
      return;
    }
    if (node.slot() >= domains.length) {
      int length = domains.length;
      domains = Arrays.copyOf(domains, Math.max(node.slot() + 1, 2 * length));
      Arrays.fill(domains, length, domains.length, NONE);
    }
    domains[node.slot()] = domain;
    if (before != NONE && --nodes[before] == 0) {
      used--;
    }
    if (domain != NONE) {
      if (domain >= nodes.length) {
        nodes = Arrays.copyOf(nodes, Math.max(domain + 1, 2 * nodes.length));
      }
      used += nodes[domain]++ == 0 ? 1 : 0;
    }
    version++;
  }

  private int number(String value) {
    @Nullable Integer known = numbers.get(value);
    if (known != null) {
      return known;
    }
    @Nullable Integer reused = free.poll();
    int number = reused == null ? numbers.size() : reused;
    if (number >= values.length) {
      values = Arrays.copyOf(values, 2 * number);
    }
    numbers.put(value, number);
    values[number] = value;
    return number;
  }
}
