// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of a Service's spec.
final class ServiceRules {
  private static final String NOT_EXTERNAL = "may not be set for ExternalName services";
  private static final String ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";
  private static final int AFFINITY_SECONDS_MAX = 86_400;

  private ServiceRules() {}

  static void check(At object) {
    At spec = object.at("spec");
    At type = spec.at("type");
    boolean headless = spec.at("clusterIP").is("None");
    if (spec.at("ports").isEmpty() && !headless && !type.is("ExternalName")) {
      spec.at("ports").required("");
    }
    switch (type.text()) {
      case "LoadBalancer" -> {
        for (At port : spec.at("ports").items()) {
          if (port.at("port").number() == 10_250) {
            port.at("port")
                .invalid("may not expose port 10250 externally since it is used by kubelet");
          }
        }
        if (headless) {
          spec.at("clusterIPs[0]")
              .named("spec.clusterIPs[0]")
              .invalidText("may not be set to 'None' for LoadBalancer services");
        }
      }
      case "NodePort" -> {
        if (headless) {
          spec.errors()
              .add(
                  FieldError.invalid(
                      "spec.clusterIPs[0]",
                      "None",
                      "may not be set to 'None' for NodePort services"));
        }
      }
      case "ExternalName" -> external(spec);
      default -> {}
    }
    ports(spec);
    SelectorRules.labels(spec.at("selector"));
    affinity(spec);
    type.needsOneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    for (At address : spec.at("externalIPs").items()) {
      address.has(Formats::address);
    }
    balanced(spec, type);
    policies(spec, type);
    spec.at("trafficDistribution").mayBeOneOf("PreferClose", "PreferSameZone", "PreferSameNode");
  }

  private static void external(At spec) {
    if (!spec.at("clusterIPs").isEmpty()) {
      spec.at("clusterIPs").forbidden(NOT_EXTERNAL);
    } else if (!spec.at("clusterIP").isEmpty()) {
      spec.at("clusterIP").forbidden(NOT_EXTERNAL);
    }
    for (String field : List.of("ipFamilies", "ipFamilyPolicy")) {
      if (!spec.at(field).isEmpty()) {
        spec.at(field).forbidden(NOT_EXTERNAL);
      }
    }
    At name = spec.at("externalName");
    String text =
        name.text().endsWith(".")
            ? name.text().substring(0, name.text().length() - 1)
            : name.text();
    if (text.isEmpty()) {
      name.required("");
    } else {
      for (String problem : Formats.subdomain(text)) {
        name.errors().add(FieldError.invalid(name.path(), text, problem));
      }
    }
  }

  private static void ports(At spec) {
    At ports = spec.at("ports");
    boolean several = ports.value().size() > 1;
    Set<String> names = new HashSet<>();
    for (At port : ports.items()) {
      At name = port.at("name");
      if (several && name.isEmpty()) {
        name.required("");
      } else if (!name.isEmpty()) {
        name.has(Formats::label);
        if (!names.add(name.text())) {
          name.duplicate();
        }
      }
      port.at("port").port();
      port.at("protocol").needsOneOf("SCTP", "TCP", "UDP");
      At target = port.at("targetPort");
      ProbeRules.port(target);
      port.at("appProtocol").ifThere(at -> at.has(Formats::qualifiedName));
    }
    duplicates(ports);
  }

  private static void duplicates(At ports) {
    Set<String> seen = new HashSet<>();
    Set<String> nodes = new HashSet<>();
    for (At port : ports.items()) {
      String key = port.at("protocol").text() + port.at("port").number();
      if (!seen.add(key)) {
        port.duplicate();
      }
      long node = port.at("nodePort").number();
      if (node != 0 && !nodes.add(port.at("protocol").text() + node)) {
        port.at("nodePort").duplicate();
      }
    }
  }

  private static void affinity(At spec) {
    At affinity = spec.at("sessionAffinity");
    affinity.needsOneOf("ClientIP", "None");
    At config = spec.at("sessionAffinityConfig");
    At seconds = config.at("clientIP").at("timeoutSeconds");
    if (affinity.is("ClientIP")
        && (seconds.number() <= 0 || seconds.number() > AFFINITY_SECONDS_MAX)) {
      seconds.invalid("must be greater than 0 and less than " + AFFINITY_SECONDS_MAX);
    } else if (affinity.is("None") && config.isThere()) {
      config.forbidden("must not be set when session affinity is None");
    }
  }

  private static void balanced(At spec, At type) {
    boolean balanced = type.is("LoadBalancer");
    At ranges = spec.at("loadBalancerSourceRanges").named("spec.LoadBalancerSourceRanges");
    if (!ranges.isEmpty()) {
      if (!balanced) {
        ranges.forbidden(ONLY_BALANCED);
      }
      ranges.items().forEach(range -> range.has(Formats::range));
    }
    At allocates = spec.at("allocateLoadBalancerNodePorts");
    if (allocates.isThere() && !balanced) {
      allocates.forbidden(ONLY_BALANCED);
    }
    if (balanced && !allocates.isThere()) {
      allocates.required("");
    }
    At className = spec.at("loadBalancerClass");
    if (className.isThere()) {
      className.has(Formats::qualifiedName);
      if (!balanced) {
        className.forbidden(ONLY_BALANCED);
      }
    }
  }

  private static void policies(At spec, At type) {
    At outside = spec.at("externalTrafficPolicy");
    boolean reachable =
        type.is("LoadBalancer")
            || type.is("NodePort")
            || type.is("ClusterIP") && !spec.at("externalIPs").isEmpty();
    if (!outside.isEmpty()) {
      if (!reachable) {
        outside.invalidText("may only be set for externally-accessible services");
      } else {
        outside.oneOf("Cluster", "Local");
      }
    }
    At health = spec.at("healthCheckNodePort");
    if (health.number() != 0) {
      boolean used = type.is("LoadBalancer") && outside.is("Local");
      if (!used) {
        health.invalid(
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
      }
    }
    spec.at("internalTrafficPolicy").mayBeOneOf("Cluster", "Local");
  }

  /// What may not change once it is set.
  static void unchanged(At after, JsonNode before) {
    JsonNode was = before.path("spec");
    At spec = after.at("spec");
    boolean balanced =
        was.path("type").asText().equals("LoadBalancer") && spec.at("type").is("LoadBalancer");
    JsonNode className = was.path("loadBalancerClass");
    At now = spec.at("loadBalancerClass");
    boolean same = now.isThere() ? now.value().equals(className) : className.isMissingNode();
    if (balanced && !same) {
      now.invalid("may not change once set");
    }
    String address = was.path("clusterIP").asText("");
    boolean external = spec.at("type").is("ExternalName");
    boolean wasExternal = was.path("type").asText().equals("ExternalName");
    if (!address.isEmpty() && !external && !wasExternal && !spec.at("clusterIP").is(address)) {
      spec.errors()
          .add(
              FieldError.invalid(
                  "spec.clusterIPs[0]", spec.at("clusterIP").text(), "may not change once set"));
    }
  }
}
