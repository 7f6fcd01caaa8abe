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
      case "LoadBalancer", "NodePort" -> {
        if (headless) {
          spec.errors()
              .add(
                  FieldError.invalid(
                      "spec.clusterIPs[0]",
                      "None",
                      "may not be set to 'None' for %s services".formatted(type.text())));
        }
      }
      case "ExternalName" -> external(spec);
      default -> {}
    }
    ports(spec);
    SelectorRules.labels(spec.at("selector"));
    affinity(spec);
    if (!type.is("ExternalName")) {
      ServiceAddressRules.check(spec);
    }
    for (At address : spec.at("externalIPs").items()) {
      if (Formats.isAddress(address.text())) {
        EndpointRules.reachable(address);
      } else {
        address.has(Formats::address);
      }
    }
    type.needsOneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    nodePorts(spec, type);
    balanced(spec, type);
    policies(spec, type);
    spec.at("trafficDistribution").mayBeOneOf("PreferClose", "PreferSameZone", "PreferSameNode");
  }

  private static void external(At spec) {
    for (String field : List.of("clusterIPs", "ipFamilies", "ipFamilyPolicy")) {
      if (!spec.at(field).isEmpty() || field.equals("ipFamilyPolicy") && spec.at(field).isThere()) {
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
  }

  private static void nodePorts(At spec, At type) {
    At ports = spec.at("ports");
    if (type.is("ClusterIP")) {
      for (At port : ports.items()) {
        if (port.at("nodePort").number() != 0) {
          port.at("nodePort").forbidden("may not be used when `type` is 'ClusterIP'");
        }
      }
    }
    Set<String> nodes = new HashSet<>();
    for (At port : ports.items()) {
      long node = port.at("nodePort").number();
      if (node != 0 && !nodes.add(port.at("protocol").text() + node)) {
        port.at("nodePort").duplicate();
      }
    }
    Set<String> seen = new HashSet<>();
    for (At port : ports.items()) {
      if (!seen.add(port.at("protocol").text() + port.at("port").number())) {
        port.duplicate();
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
      for (At range : ranges.items()) {
        String text = range.text().strip();
        Formats.range(text)
            .forEach(
                problem -> range.errors().add(FieldError.invalid(range.path(), text, problem)));
      }
    }
    At allocates = spec.at("allocateLoadBalancerNodePorts");
    if (allocates.isThere() && !balanced) {
      allocates.forbidden(ONLY_BALANCED);
    }
    if (balanced && !allocates.isThere()) {
      allocates.required("");
    }
    className(spec);
  }

  private static void className(At spec) {
    At className = spec.at("loadBalancerClass");
    if (className.isThere()) {
      if (spec.at("type").is("LoadBalancer")) {
        className.has(Formats::qualifiedName);
      } else {
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
      if (used) {
        health.port();
      } else {
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
    addresses(spec, was);
    boolean balanced =
        was.path("type").asText().equals("LoadBalancer") && spec.at("type").is("LoadBalancer");
    JsonNode old = was.path("loadBalancerClass");
    At now = spec.at("loadBalancerClass");
    boolean same = now.isThere() ? now.value().equals(old) : old.isMissingNode();
    if (balanced && !same) {
      now.invalid("may not change once set");
    }
    className(spec);
    At port = spec.at("healthCheckNodePort");
    boolean probed =
        balanced
            && was.path("externalTrafficPolicy").asText().equals("Local")
            && spec.at("externalTrafficPolicy").is("Local");
    if (probed && port.number() != was.path("healthCheckNodePort").asLong(0)) {
      port.forbidden("field is immutable");
    }
  }

  /// Addresses and families stay, unless the Service had or gets none of its own; a second one may
  /// come, and go when a single one is asked for.
  private static void addresses(At spec, JsonNode was) {
    boolean external =
        spec.at("type").is("ExternalName") || was.path("type").asText().equals("ExternalName");
    boolean headless =
        was.path("clusterIPs").path(0).asText().equals("None") && spec.at("clusterIP").is("None");
    if (external || headless) {
      return;
    }
    kept(spec, "clusterIPs", was.path("clusterIPs"), "clusterIP");
    kept(spec, "ipFamilies", was.path("ipFamilies"), "ipFamily");
  }

  private static void kept(At spec, String field, JsonNode old, String one) {
    At all = spec.at(field);
    int before = old.size();
    int now = all.items().size();
    for (int i = 0; i < before; i++) {
      At each = all.named("spec.%s[%d]".formatted(field, i));
      if (now == 0) {
        if (i == 0) {
          each.invalid("primary " + one + " can not be unset");
        }
      } else if (i < now && (i == 0 || before == now)) {
        if (!all.value().get(i).equals(old.get(i))) {
          each.invalid("may not change once set");
        }
      } else if (i == 1 && now == 1 && !spec.at("ipFamilyPolicy").is("SingleStack")) {
        all.named("spec.%s[0]".formatted(field))
            .invalid(
                "`ipFamilyPolicy` must be set to 'SingleStack' when releasing the secondary "
                    + one);
      }
    }
  }
}
