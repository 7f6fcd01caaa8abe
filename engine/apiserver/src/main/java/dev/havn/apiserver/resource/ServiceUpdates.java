// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A changed Service keeps what the server chose for it and the caller leaves out, and loses what
/// its new type has no use for, unless the caller changed that, too.
final class ServiceUpdates {
  private static final List<String> ADDRESSES = List.of("clusterIP", "clusterIPs");

  private ServiceUpdates() {}

  private static boolean isOutside(JsonNode spec) {
    String type = spec.path("type").asText();
    return hasPorts(spec) || type.equals("ClusterIP") && !spec.path("externalIPs").isEmpty();
  }

  private static boolean hasPorts(JsonNode spec) {
    return is(spec, "NodePort") || isBalanced(spec);
  }

  /// A balancer may find its way without ports of nodes.
  static boolean choosesPorts(JsonNode spec) {
    return is(spec, "NodePort")
        || isBalanced(spec) && spec.path("allocateLoadBalancerNodePorts").asBoolean(true);
  }

  private static boolean isBalanced(JsonNode spec) {
    return is(spec, "LoadBalancer");
  }

  private static boolean is(JsonNode spec, String type) {
    return spec.path("type").asText().equals(type);
  }

  static boolean isProbed(JsonNode spec) {
    return isBalanced(spec) && spec.path("externalTrafficPolicy").asText().equals("Local");
  }

  /// Takes away what the new type has no use for.
  static void dropUnused(JsonNode old, ObjectNode after) {
    ObjectNode spec = after.withObjectProperty("spec");
    if (!is(old, "ExternalName") && is(spec, "ExternalName")) {
      if (ADDRESSES.stream().allMatch(field -> same(field, old, spec))) {
        spec.remove(ADDRESSES);
      }
      dropSame("ipFamilies", old, spec);
      dropSame("ipFamilyPolicy", old, spec);
      dropSame("internalTrafficPolicy", old, spec);
    }
    if (hasPorts(old) && !hasPorts(spec) && nodePorts(old).containsAll(nodePorts(spec))) {
      spec.path("ports").forEach(port -> ((ObjectNode) port).remove("nodePort"));
    }
    if (isProbed(old) && !isProbed(spec)) {
      dropSame("healthCheckNodePort", old, spec);
    }
    if (isBalanced(old) && !isBalanced(spec)) {
      dropSame("allocateLoadBalancerNodePorts", old, spec);
      dropSame("loadBalancerClass", old, spec);
    }
    if (isOutside(old) && !isOutside(spec)) {
      dropSame("externalTrafficPolicy", old, spec);
    }
    if (!isBalanced(spec) && after.get("status") instanceof ObjectNode status) {
      status.putObject("loadBalancer");
    }
  }

  private static boolean same(String field, JsonNode old, JsonNode spec) {
    return old.path(field).equals(spec.path(field));
  }

  private static void dropSame(String field, JsonNode old, ObjectNode spec) {
    if (same(field, old, spec)) {
      spec.remove(field);
    }
  }

  private static Set<Integer> nodePorts(JsonNode spec) {
    Set<Integer> ports = new HashSet<>();
    spec.path("ports").forEach(port -> ports.add(port.path("nodePort").asInt()));
    ports.remove(0);
    return ports;
  }

  /// Adds what the server chose before.
  static void keepAllocated(JsonNode old, ObjectNode spec) {
    if (!is(old, "ExternalName") && !is(spec, "ExternalName")) {
      for (String field : ADDRESSES) {
        if (spec.path(field).isEmpty() && spec.path(field).asText("").isEmpty()) {
          copy(field, old, spec);
        }
      }
    }
    if (choosesPorts(old) && choosesPorts(spec)) {
      keepPorts(old.path("ports"), spec.path("ports"));
    }
    if (isProbed(old) && isProbed(spec) && !spec.has("healthCheckNodePort")) {
      copy("healthCheckNodePort", old, spec);
    }
  }

  /// Ports are the same by their names.
  private static void keepPorts(JsonNode old, JsonNode ports) {
    Map<String, JsonNode> given = new HashMap<>();
    old.forEach(port -> given.put(port.path("name").asText(""), port.path("nodePort")));
    ports.forEach(port -> given.values().remove(port.path("nodePort")));
    for (JsonNode port : ports) {
      JsonNode number = given.getOrDefault(port.path("name").asText(""), NullNode.getInstance());
      if (!port.has("nodePort") && number.isNumber()) {
        ((ObjectNode) port).set("nodePort", number);
      }
    }
  }

  /// What a Service that is only a name keeps to itself.
  static void settle(ObjectNode service) {
    if (service.get("spec") instanceof ObjectNode spec && is(spec, "ExternalName")) {
      spec.remove("internalTrafficPolicy");
    }
  }

  private static void copy(String field, JsonNode old, ObjectNode spec) {
    @Nullable JsonNode value = old.get(field);
    if (value != null) {
      spec.set(field, value.deepCopy());
    }
  }
}
