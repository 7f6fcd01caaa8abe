// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;

/// Subsets of Endpoints with no more addresses than one object may have. Those that are Ready stay
/// before those that are not; each subset keeps its share, rounded up as long as there is room.
///
/// @param isTruncated whether addresses are left out
record FittingSubsets(ArrayNode subsets, boolean isTruncated) {
  private static final String READY = "addresses";
  private static final String NOT_READY = "notReadyAddresses";

  static FittingSubsets of(ArrayNode subsets, int addressesMax) {
    int ready = count(subsets, READY);
    int notReady = count(subsets, NOT_READY);
    if (ready + notReady <= addressesMax) {
      return new FittingSubsets(subsets, false);
    }
    boolean cutsReady = ready > addressesMax;
    String cut = cutsReady ? READY : NOT_READY;
    int all = cutsReady ? ready : notReady;
    int room = cutsReady ? addressesMax : addressesMax - ready;
    int left = room;
    ArrayNode fitting = Api.object().arrayNode();
    for (JsonNode each : subsets) {
      ObjectNode subset = each.deepCopy();
      long fair = Math.ceilDiv((long) each.path(cut).size() * room, all);
      int share = Math.toIntExact(Math.min(left, fair));
      left -= share;
      if (cutsReady) {
        subset.remove(NOT_READY);
      }
      keep(subset, cut, share);
      if (subset.has(READY) || subset.has(NOT_READY)) {
        fitting.add(subset);
      }
    }
    return new FittingSubsets(fitting, true);
  }

  private static int count(ArrayNode subsets, String field) {
    int count = 0;
    for (JsonNode each : subsets) {
      count += each.path(field).size();
    }
    return count;
  }

  /// A subset without addresses, which the API does not take, is told by a missing list.
  private static void keep(ObjectNode subset, String field, int most) {
    ArrayNode kept = Api.object().arrayNode();
    for (JsonNode each : subset.path(field)) {
      if (kept.size() < most) {
        kept.add(each);
      }
    }
    if (kept.isEmpty()) {
      subset.remove(field);
    } else {
      subset.set(field, kept);
    }
  }
}
