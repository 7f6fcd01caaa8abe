// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.Quantity;
import java.util.ArrayList;
import java.util.List;

/// What the API server itself works out of a pod's spec.
final class Pods {
  private Pods() {}

  /// `Guaranteed` when each container's limits equal its requests for CPU and memory, `BestEffort`
  /// when none has either, else `Burstable`. What the pod says as a whole counts instead, however
  /// little it is.
  static String qualityOfService(JsonNode spec) {
    List<JsonNode> all = new ArrayList<>();
    if (spec.has("resources")) {
      all.add(spec.get("resources"));
    } else {
      for (String list : List.of("containers", "initContainers")) {
        spec.path(list).forEach(container -> all.add(container.path("resources")));
      }
    }
    boolean any = false;
    boolean guaranteed = true;
    for (JsonNode resources : all) {
      JsonNode limits = resources.path("limits");
      JsonNode requests = resources.path("requests");
      for (String resource : List.of("cpu", "memory")) {
        boolean limited = isPositive(limits.path(resource));
        boolean requested = isPositive(requests.path(resource));
        any |= limited || requested;
        guaranteed &= limited && (!requested || same(limits, requests, resource));
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
