// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import dev.havn.network.rules.Family;
import java.util.ArrayList;
import java.util.List;

/// Chains that lead to one of so many endpoints of whichever Service, by the map `endpoints`.
///
/// They are all made with the table: to a map that the kernel has already, nft (1.0.6) adds no rule
/// that translates to what it holds (`conflicting protocols specified: tcp vs. th`).
public final class SharedChains {

  /// More endpoints than that have a chain of their own: of a map, many elements would move with
  /// each change.
  static final int ENDPOINTS_MAX = 64;

  private SharedChains() {}

  static String name(int endpoints) {
    return "spread-" + endpoints;
  }

  /// What makes them all, without `add` and the table's name.
  public static List<String> commands(Family family) {
    String word = family.word();
    List<String> all = new ArrayList<>();
    for (int i = 1; i <= ENDPOINTS_MAX; i++) {
      all.add("chain " + name(i));
      all.add(
          "rule %s meta l4proto { tcp, udp, sctp } dnat %s to %s daddr . meta l4proto . th dport . numgen random mod %d map @endpoints"
              .formatted(name(i), word, word, i));
    }
    return all;
  }
}
