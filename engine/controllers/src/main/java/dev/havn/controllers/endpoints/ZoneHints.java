// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// For which zone each endpoint of a Service is meant whose topology mode is `Auto` (KEP-2433): its
/// own, but for those that a zone which has more than its part gives to one which has less.
///
/// @param counts of endpoints by zone, empty when there is a problem
/// @param problem why there are no hints, in Kubernetes' words; else empty
record ZoneHints(Map<String, Integer> counts, String problem) {
  private static final double HALF = 0.5;

  /// Writes hints into endpoints that are ready.
  static ZoneHints give(List<ObjectNode> endpoints, ZoneShares shares) {
    List<ObjectNode> ready =
        endpoints.stream().filter(each -> each.at("/conditions/ready").asBoolean()).toList();
    int count = ready.size();
    int zones = shares.byZone().size();
    if (zones < 2) {
      return none(
          "Insufficient Node information: allocatable CPU or zone not specified on one or more"
              + " nodes");
    }
    String numbers = " (%d endpoints, %d zones)".formatted(count, zones);
    if (zones > count) {
      return none("Insufficient number of endpoints" + numbers);
    }
    SortedMap<String, Double> desired = new TreeMap<>();
    int least = 0;
    for (Map.Entry<String, Double> each : shares.byZone().entrySet()) {
      int minimum = shares.least(each.getKey(), count);
      desired.put(each.getKey(), Math.max(each.getValue() * count, minimum));
      least += minimum;
    }
    if (least > count) {
      return none(
          "Unable to allocate minimum required endpoints to each zone without exceeding overload"
              + " threshold"
              + numbers);
    }
    if (ready.stream().anyMatch(each -> each.path("zone").asText("").isEmpty())) {
      return none("One or more endpoints do not have a zone specified");
    }
    return new ZoneHints(give(ready, desired), "");
  }

  private static ZoneHints none(String problem) {
    return new ZoneHints(Map.of(), problem);
  }

  private static Map<String, Integer> give(List<ObjectNode> ready, Map<String, Double> desired) {
    Map<String, Integer> counts = new HashMap<>();
    ready.forEach(each -> counts.merge(each.path("zone").asText(), 1, Integer::sum));
    SortedMap<String, Double> over = new TreeMap<>();
    SortedMap<String, Double> under = new TreeMap<>();
    desired.forEach(
        (zone, wanted) -> {
          double more = counts.getOrDefault(zone, 0) - wanted;
          if (more != 0) {
            (more > 0 ? over : under).put(zone, Math.abs(more));
          }
        });
    Map<String, Integer> gives = new HashMap<>();
    SortedMap<String, Integer> takes = new TreeMap<>();
    match(over, under, gives, takes);
    for (ObjectNode each : ready) {
      String zone = each.path("zone").asText();
      String to = zone;
      if (gives.getOrDefault(zone, 0) > 0 && !takes.isEmpty()) {
        to = takes.firstKey();
        gives.merge(zone, -1, Integer::sum);
        takes.computeIfPresent(to, (_, left) -> left == 1 ? null : left - 1);
        counts.merge(zone, -1, Integer::sum);
        counts.merge(to, 1, Integer::sum);
      }
      each.putObject("hints").putArray("forZones").addObject().put("name", to);
    }
    return Map.copyOf(counts);
  }

  /// Whole endpoints, from the zone that has the most too many to the one that has the most too
  /// few, as long as it helps.
  private static void match(
      SortedMap<String, Double> over,
      SortedMap<String, Double> under,
      Map<String, Integer> gives,
      Map<String, Integer> takes) {
    while (true) {
      String from = most(over);
      String to = most(under);
      double more = over.getOrDefault(from, 0.0);
      double less = under.getOrDefault(to, 0.0);
      if (more < HALF || less < HALF || (more < 1 && less < 1)) {
        return;
      }
      gives.merge(from, 1, Integer::sum);
      takes.merge(to, 1, Integer::sum);
      over.put(from, more - 1);
      under.put(to, less - 1);
    }
  }

  private static String most(SortedMap<String, Double> zones) {
    String most = "";
    for (Map.Entry<String, Double> each : zones.entrySet()) {
      if (each.getValue() > zones.getOrDefault(most, 0.0)) {
        most = each.getKey();
      }
    }
    return most;
  }
}
