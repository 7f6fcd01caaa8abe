// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.Rule;
import java.util.Comparator;
import java.util.List;

/// A rule with what orders it among all rules of a host: those of gRPC first, which are for nothing
/// else, then the more specific one, the older route, the route whose name is first, the rule that
/// stands first.
///
/// @param weights compared one after the other, the larger first
/// @param route `namespace/name`
/// @param place among the matches of its route
record Ranked(
    Rule rule, boolean isGrpc, List<Integer> weights, String created, String route, int place) {
  static final Comparator<Ranked> ORDER =
      Comparator.comparing((Ranked each) -> !each.isGrpc())
          .thenComparing(Ranked::compareWeights)
          .thenComparing(Ranked::created)
          .thenComparing(Ranked::route)
          .thenComparing(Ranked::place);

  private static int compareWeights(Ranked one, Ranked other) {
    int both = Math.min(one.weights().size(), other.weights().size());
    for (int i = 0; i < both; i++) {
      int compared = Integer.compare(other.weights().get(i), one.weights().get(i));
      if (compared != 0) {
        return compared;
      }
    }
    return 0;
  }
}
