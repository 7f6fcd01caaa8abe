// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.Quantity;
import java.util.List;

/// What the API server itself works out of a pod's spec.
final class Pods {
  private Pods() {}

  /// `Guaranteed` when each container's limits equal its requests for CPU and memory, `BestEffort`
  /// when none has either, else `Burstable`.
  static String qualityOfService(JsonNode spec) {
    boolean any = false;
    boolean guaranteed = true;
    for (String list : List.of("containers", "initContainers")) {
      for (JsonNode container : spec.path(list)) {
        JsonNode limits = container.path("resources").path("limits");
        JsonNode requests = container.path("resources").path("requests");
        for (String resource : List.of("cpu", "memory")) {
          boolean limited = isPositive(limits.path(resource));
          boolean requested = isPositive(requests.path(resource));
          any |= limited || requested;
          guaranteed &= limited && (!requested || same(limits, requests, resource));
        }
      }
    }
    return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
  }

  private static boolean isPositive(JsonNode quantity) {
    return !quantity.isMissingNode() && Quantity.parse(quantity.asText()).amount().signum() > 0;
  }

  private static boolean same(JsonNode limits, JsonNode requests, String resource) {
    return Quantity.parse(limits.path(resource).asText())
            .amount()
            .compareTo(Quantity.parse(requests.path(resource).asText()).amount())
        == 0;
  }

  /// Whether anything runs that must be given time to end.
  static boolean endsGracefully(JsonNode pod) {
    String phase = pod.path("status").path("phase").asText("");
    return !pod.path("spec").path("nodeName").asText("").isEmpty()
        && !phase.equals("Succeeded")
        && !phase.equals("Failed");
  }
}
