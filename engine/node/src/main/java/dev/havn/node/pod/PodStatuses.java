// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.util.List;
import java.util.Map;

/// Compares statuses as the API shows them: an absent field and a null, an empty list or object are
/// one.
final class PodStatuses {
  private static final String CONDITIONS = "conditions";
  private static final String DIRECTIVE = "$patch";

  private PodStatuses() {}

  /// Whether a stored status says what is wanted; of the conditions, those of the node.
  static boolean holds(JsonNode stored, ObjectNode wanted) {
    for (Map.Entry<String, JsonNode> field : wanted.properties()) {
      JsonNode known = stored.path(field.getKey());
      boolean holds =
          field.getKey().equals(CONDITIONS)
              ? same(own(known), own(field.getValue()))
              : same(known, field.getValue());
      if (!holds) {
        return false;
      }
    }
    return true;
  }

  /// The node's conditions by type.
  private static ObjectNode own(JsonNode conditions) {
    ObjectNode own = Api.object();
    for (JsonNode each : conditions) {
      String type = each.path("type").asText();
      if (PodConditions.TYPES.contains(type)) {
        own.set(type, each);
      }
    }
    return own;
  }

  /// A strategic merge patch: others' conditions stay, addresses and amounts are replaced.
  static ObjectNode patch(JsonNode stored, ObjectNode wanted, String uid) {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", uid);
    ObjectNode status = patch.putObject("status");
    status.setAll(wanted);
    for (String totals : List.of("allocatedResources", "resources")) {
      if (status.path(totals) instanceof ObjectNode amounts) {
        status.set(totals, amounts(stored.path(totals), amounts));
      }
    }
    for (String list : List.of("hostIPs", "podIPs")) {
      if (status.path(list) instanceof ArrayNode addresses) {
        ArrayNode all = status.putArray(list);
        all.addObject().put(DIRECTIVE, "replace");
        all.addAll(addresses);
      }
    }
    ArrayNode conditions = status.putArray(CONDITIONS);
    for (JsonNode each : wanted.path(CONDITIONS)) {
      ObjectNode condition = conditions.addObject().putNull("reason").putNull("message");
      condition.setAll((ObjectNode) each);
    }
    ArrayNode order = status.putArray("$setElementOrder/" + CONDITIONS);
    conditions.forEach(each -> order.addObject().set("type", each.path("type")));
    ObjectNode held = own(wanted.path(CONDITIONS));
    for (Map.Entry<String, JsonNode> each : own(stored.path(CONDITIONS)).properties()) {
      if (!held.has(each.getKey())) {
        conditions.addObject().put("type", each.getKey()).put(DIRECTIVE, "delete");
      }
    }
    return patch;
  }

  /// Amounts, and null for those that are no longer there.
  private static ObjectNode amounts(JsonNode stored, ObjectNode wanted) {
    ObjectNode all = Api.object();
    for (Map.Entry<String, JsonNode> each : stored.properties()) {
      if (!wanted.has(each.getKey())) {
        all.putNull(each.getKey());
      }
    }
    for (Map.Entry<String, JsonNode> each : wanted.properties()) {
      JsonNode before = stored.path(each.getKey());
      all.set(
          each.getKey(),
          each.getValue() instanceof ObjectNode part ? amounts(before, part) : each.getValue());
    }
    return all;
  }

  static boolean same(JsonNode stored, JsonNode wanted) {
    if (isNothing(stored) && isNothing(wanted)) {
      return true;
    }
    if (stored.isObject() && wanted.isObject()) {
      for (Map.Entry<String, JsonNode> field : wanted.properties()) {
        if (!same(stored.path(field.getKey()), field.getValue())) {
          return false;
        }
      }
      for (Map.Entry<String, JsonNode> field : stored.properties()) {
        if (!wanted.has(field.getKey()) && !isNothing(field.getValue())) {
          return false;
        }
      }
      return true;
    }
    if (stored.isArray() && wanted.isArray() && stored.size() == wanted.size()) {
      for (int i = 0; i < stored.size(); i++) {
        if (!same(stored.get(i), wanted.get(i))) {
          return false;
        }
      }
      return true;
    }
    return stored.isNumber() && wanted.isNumber()
        ? stored.asLong() == wanted.asLong()
        : stored.equals(wanted);
  }

  private static boolean isNothing(JsonNode node) {
    return node.isMissingNode() || node.isNull() || (node.isContainerNode() && node.isEmpty());
  }
}
