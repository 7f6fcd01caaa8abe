// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a pod's status says of the devices that were claimed for it must fit its spec.
final class ClaimStatusRules {
  private ClaimStatusRules() {}

  static void check(At status, JsonNode spec) {
    claims(status.at("resourceClaimStatuses"), spec.path("resourceClaims"));
    status.at("extendedResourceClaimStatus").ifThere(extended -> extended(extended, spec));
  }

  private static void claims(At statuses, JsonNode claims) {
    Set<String> known = new HashSet<>();
    claims.forEach(claim -> known.add(claim.path("name").asText()));
    Set<String> seen = new HashSet<>();
    for (At each : statuses.items()) {
      At name = each.at("name");
      if (!known.contains(name.text())) {
        name.invalidText("must match the name of an entry in `spec.resourceClaims`");
      }
      if (!seen.add(name.text())) {
        name.duplicate();
      }
      each.at("resourceClaimName").ifThere(claim -> claim.has(Formats::subdomain));
    }
  }

  private static void extended(At status, JsonNode spec) {
    Map<String, JsonNode> containers = new HashMap<>();
    for (String list : List.of("initContainers", "containers")) {
      spec.path(list).forEach(each -> containers.put(each.path("name").asText(), each));
    }
    At mappings = status.at("requestMappings");
    if (mappings.isEmpty()) {
      mappings.required("at least one request mapping is required");
    }
    Set<List<String>> seen = new HashSet<>();
    for (At mapping : mappings.items()) {
      At container = mapping.at("containerName");
      At resource = mapping.at("resourceName");
      At request = mapping.at("requestName");
      JsonNode named = containers.get(container.text());
      if (named == null) {
        container.invalidText(
            "must match the name of an entry in spec.initContainers.name or spec.containers.name");
      } else if (!named.path("resources").path("requests").has(resource.text())) {
        resource.invalidText(
            "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests");
      }
      request.named(status.path() + ".requestName").has(Formats::label);
      if (!seen.add(List.of(container.text(), resource.text(), request.text()))) {
        List.of(container, resource, request).forEach(At::duplicate);
      }
    }
    At claim = status.at("resourceClaimName");
    if (claim.needs()) {
      claim.has(Formats::subdomain);
    }
  }
}
