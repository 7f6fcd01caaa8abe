// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a node may say of a container: whom it runs as, and how the devices are that it was given
/// (KEP-4680).
final class ContainerStatusRules {
  private static final String DEVICES = "allocatedResourcesStatus";
  private static final String CLAIM = "claim:";

  private ContainerStatusRules() {}

  /// @param spec of the pod
  static void check(At status, JsonNode spec) {
    for (String list :
        List.of("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")) {
      status.at(list).items().forEach(ContainerStatusRules::user);
    }
    for (At each : status.at("ephemeralContainerStatuses").items()) {
      if (!each.at(DEVICES).isEmpty()) {
        each.at(DEVICES).forbidden("must not be specified in container status");
      }
    }
    devices(status.at("containerStatuses"), spec.path("containers"));
    devices(status.at("initContainerStatuses"), spec.path("initContainers"));
  }

  private static void user(At status) {
    At user = status.at("user").at("linux");
    if (!user.isThere()) {
      return;
    }
    user.at("uid").between(0, Integer.MAX_VALUE);
    user.at("gid").between(0, Integer.MAX_VALUE);
    user.at("supplementalGroups").items().forEach(group -> group.between(0, Integer.MAX_VALUE));
  }

  private static void devices(At statuses, JsonNode containers) {
    for (At status : statuses.items()) {
      for (JsonNode container : containers) {
        if (status.at("name").is(container.path("name").asText())) {
          status.at(DEVICES).items().forEach(each -> device(each, container.path("resources")));
        }
      }
    }
  }

  private static void device(At device, JsonNode resources) {
    At name = device.at("name");
    if (name.text().startsWith(CLAIM)) {
      if (!claims(resources.path("claims")).contains(name.text())) {
        name.invalidText(
            "must match one of the container's resource claims in a format"
                + " 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty");
      }
    } else if (!resources.path("requests").has(name.text())) {
      name.invalidText("must match one of the container's resource requests");
    }
    Set<String> seen = new HashSet<>();
    for (At each : device.at("resources").items()) {
      each.at("health").oneOf("Healthy", "Unhealthy", "Unknown");
      if (!seen.add(each.at("resourceID").text())) {
        each.at("resourceID").duplicate();
      }
    }
  }

  private static Set<String> claims(JsonNode claims) {
    Set<String> names = new HashSet<>();
    for (JsonNode claim : claims) {
      String request = claim.path("request").asText("");
      names.add(CLAIM + claim.path("name").asText() + (request.isEmpty() ? "" : "/" + request));
    }
    return names;
  }
}
