// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.Times;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// What the server makes of the conditions of a request for a certificate.
final class SigningRequests {
  private static final List<String> APPROVALS = List.of("Approved", "Denied");
  private static final String UPDATED = "lastUpdateTime";
  private static final String TURNED = "lastTransitionTime";

  private SigningRequests() {}

  /// Puts back what a signer has changed in the words of an approval; one that it adds or takes
  /// away stays as it is, for the rules to refuse.
  static void keepApproval(ObjectNode before, ObjectNode after) {
    if (!(after.path("status").path("conditions") instanceof ArrayNode conditions)) {
      return;
    }
    for (String type : APPROVALS) {
      List<JsonNode> old = ofType(before, type);
      if (old.size() == ofType(after, type).size()) {
        Iterator<JsonNode> next = old.iterator();
        for (int i = 0; i < conditions.size(); i++) {
          if (conditions.get(i).path("type").asText().equals(type)) {
            conditions.set(i, next.next().deepCopy());
          }
        }
      }
    }
  }

  /// Gives each condition the times that it does not have: one whose status is the same as before
  /// has not turned since.
  static void stamp(ObjectNode before, ObjectNode after, Instant now) {
    for (JsonNode each : after.path("status").path("conditions")) {
      ObjectNode condition = (ObjectNode) each;
      if (!condition.hasNonNull(UPDATED)) {
        condition.put(UPDATED, Times.seconds(now));
      }
      if (!condition.hasNonNull(TURNED)) {
        String turned =
            ofType(before, condition.path("type").asText()).stream()
                .filter(old -> old.path("status").equals(condition.path("status")))
                .filter(old -> old.hasNonNull(TURNED))
                .map(old -> old.path(TURNED).asText())
                .findFirst()
                .orElse(Times.seconds(now));
        condition.put(TURNED, turned);
      }
    }
  }

  private static List<JsonNode> ofType(ObjectNode request, String type) {
    List<JsonNode> found = new ArrayList<>();
    for (JsonNode each : request.path("status").path("conditions")) {
      if (each.path("type").asText().equals(type)) {
        found.add(each);
      }
    }
    return found;
  }
}
