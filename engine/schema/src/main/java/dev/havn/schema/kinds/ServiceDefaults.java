// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// Defaults of a Service's spec that depend on its type.
final class ServiceDefaults {
  private static final int AFFINITY_SECONDS = 10_800;
  private static final List<String> INSIDE = List.of("ClusterIP", "NodePort", "LoadBalancer");

  private ServiceDefaults() {}

  static void apply(ObjectNode service, ObjectNode spec) {
    for (JsonNode each : service.path("status").path("loadBalancer").path("ingress")) {
      if (each instanceof ObjectNode ingress && !ingress.path("ip").asText("").isEmpty()) {
        Defaults.set(ingress, "ipMode", "VIP");
      }
    }
    String type = spec.path("type").asText();
    affinity(spec);
    for (JsonNode each : spec.path("ports")) {
      if (each instanceof ObjectNode port) {
        String target = port.path("targetPort").asText("");
        if (target.isEmpty() || target.equals("0")) {
          port.set("targetPort", port.path("port"));
        }
      }
    }
    boolean outside =
        type.equals("NodePort")
            || type.equals("LoadBalancer")
            || type.equals("ClusterIP") && !spec.path("externalIPs").isEmpty();
    if (outside) {
      Defaults.set(spec, "externalTrafficPolicy", "Cluster");
    }
    if (INSIDE.contains(type) && !spec.hasNonNull("internalTrafficPolicy")) {
      spec.put("internalTrafficPolicy", "Cluster");
    }
    if (type.equals("LoadBalancer")) {
      Defaults.set(spec, "allocateLoadBalancerNodePorts", true);
    }
  }

  private static void affinity(ObjectNode spec) {
    String affinity = spec.path("sessionAffinity").asText();
    JsonNode seconds = spec.path("sessionAffinityConfig").path("clientIP").path("timeoutSeconds");
    if (affinity.equals("None")) {
      spec.remove("sessionAffinityConfig");
    } else if (affinity.equals("ClientIP") && !seconds.isNumber()) {
      spec.putObject("sessionAffinityConfig")
          .putObject("clientIP")
          .put("timeoutSeconds", AFFINITY_SECONDS);
    }
  }
}
