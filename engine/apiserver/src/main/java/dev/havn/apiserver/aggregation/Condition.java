// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// The condition `Available` of an APIService.
///
/// @param reason in Kubernetes' words, as is the message
record Condition(boolean available, String reason, String message) {
  static final Condition LOCAL =
      new Condition(true, "Local", "Local APIServices are always available");
  static final Condition PASSED = new Condition(true, "Passed", "all checks passed");

  private static final String TYPE = "Available";

  static boolean isAvailable(ObjectNode apiService) {
    return find(apiService).path("status").asText().equals("True");
  }

  private static JsonNode find(ObjectNode apiService) {
    for (JsonNode each : apiService.path("status").path("conditions")) {
      if (each.path("type").asText().equals(TYPE)) {
        return each;
      }
    }
    return apiService.missingNode();
  }

  /// Sets it; the time changes only with the status. False when it says so already.
  boolean set(ObjectNode apiService, Instant now) {
    String status = available ? "True" : "False";
    JsonNode present = find(apiService);
    boolean same = present.path("status").asText().equals(status);
    if (same
        && present.path("reason").asText().equals(reason)
        && present.path("message").asText().equals(message)) {
      return false;
    }
    ObjectNode condition =
        present instanceof ObjectNode known
            ? known
            : apiService
                .withObjectProperty("status")
                .withArrayProperty("conditions")
                .addObject()
                .put("type", TYPE);
    condition.put("status", status);
    if (!same) {
      condition.put("lastTransitionTime", now.truncatedTo(ChronoUnit.SECONDS).toString());
    }
    condition.put("reason", reason).put("message", message);
    return true;
  }
}
