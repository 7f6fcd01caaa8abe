// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/// Which endpoints traffic goes to, as kube-proxy chooses: those that are ready; where there are
/// none, those that end and still serve (KEP-1669).
record Choice(List<Endpoint> endpoints) {
  /// For clients anywhere, without regard to where.
  List<Endpoint> everywhere() {
    List<Endpoint> ready = endpoints.stream().filter(Endpoint::ready).toList();
    return ready.isEmpty() ? lastOnes(_ -> true) : ready;
  }

  /// For clients of one node, as far as hints say something: those for the node if all have hints
  /// for nodes, else those for the zone if all have hints for zones (KEP-2433, KEP-3015).
  List<Endpoint> near(Place place) {
    List<Endpoint> ready = endpoints.stream().filter(Endpoint::ready).toList();
    if (ready.isEmpty()) {
      return lastOnes(_ -> true);
    }
    List<Endpoint> ofNode = hinted(ready, Endpoint::nodes, place.node());
    if (!ofNode.isEmpty()) {
      return ofNode;
    }
    List<Endpoint> ofZone = hinted(ready, Endpoint::zones, place.zone());
    return ofZone.isEmpty() ? ready : ofZone;
  }

  private static List<Endpoint> hinted(
      List<Endpoint> ready, Function<Endpoint, Set<String>> hints, String own) {
    boolean all = ready.stream().noneMatch(each -> hints.apply(each).isEmpty());
    return all && !own.isEmpty()
        ? ready.stream().filter(each -> hints.apply(each).contains(own)).toList()
        : List.of();
  }

  /// Those of one node only.
  List<Endpoint> on(Place place) {
    List<Endpoint> ready =
        endpoints.stream()
            .filter(each -> each.ready() && each.node().equals(place.node()))
            .toList();
    return ready.isEmpty() ? lastOnes(each -> each.node().equals(place.node())) : ready;
  }

  private List<Endpoint> lastOnes(Predicate<Endpoint> which) {
    return endpoints.stream()
        .filter(each -> each.serving() && each.terminating() && which.test(each))
        .toList();
  }
}
