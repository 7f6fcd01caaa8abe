// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;

/// What a pod's status must satisfy.
final class PodStatusRules {
  private static final Set<String> OWN_CONDITIONS = Set.of("PodScheduled", "Ready", "Initialized");

  private PodStatusRules() {}

  static void check(At after, JsonNode before) {
    At status = after.at("status");
    JsonNode was = before.path("status");
    for (At condition : status.at("conditions").items()) {
      generation(condition.at("observedGeneration"));
      if (!OWN_CONDITIONS.contains(condition.at("type").text())) {
        condition.at("type").named(condition.path() + ".Type").has(Formats::qualifiedName);
      }
    }
    At nominated = status.at("nominatedNodeName");
    boolean renamed = !nominated.text().equals(was.path("nominatedNodeName").asText(""));
    if (renamed && !nominated.isEmpty()) {
      nominated.has(Formats::subdomain);
      if (!before.path("spec").path("nodeName").asText("").isEmpty()) {
        nominated.forbidden("may not be set on pods that are already bound to a node");
      }
    }
    generation(status.at("observedGeneration"));
    At quality = status.at("qosClass");
    if (!quality.text().equals(was.path("qosClass").asText(""))) {
      quality.invalidText("field is immutable");
    }
    for (String list : List.of("containerStatuses", "initContainerStatuses")) {
      ended(status.at(list), was.path(list), before.path("spec"));
    }
    ClaimStatusRules.check(status, before.path("spec"));
    ownAddresses(status);
    hostAddresses(status);
    ContainerStatusRules.check(status, before.path("spec"));
  }

  private static void generation(At generation) {
    if (generation.number() < 0) {
      generation.invalid("must be a non-negative integer");
    }
  }

  /// A container that ended for good does not run again.
  private static void ended(At statuses, JsonNode before, JsonNode spec) {
    for (int i = 0; i < before.size(); i++) {
      JsonNode old = before.get(i);
      JsonNode end = old.path("state").path("terminated");
      if (end.isMissingNode() || restarts(spec, old.path("name").asText(), end)) {
        continue;
      }
      for (At each : statuses.items()) {
        if (each.at("name").is(old.path("name").asText())) {
          if (!each.at("state").at("terminated").isThere()) {
            statuses
                .named(statuses.path() + "[" + i + "].state")
                .forbidden("may not be transitioned to non-terminated state");
          }
          break;
        }
      }
    }
  }

  private static boolean restarts(JsonNode spec, String name, JsonNode end) {
    String policy = spec.path("restartPolicy").asText("Always");
    for (String list : List.of("containers", "initContainers")) {
      for (JsonNode container : spec.path(list)) {
        if (container.path("name").asText().equals(name)) {
          policy = container.path("restartPolicy").asText(policy);
        }
      }
    }
    return policy.equals("Always")
        || policy.equals("OnFailure") && end.path("exitCode").asInt() != 0;
  }

  /// The only address stands for the list of them when there is none.
  private static void ownAddresses(At status) {
    At addresses = status.at("podIPs");
    At only = status.at("podIP");
    if (addresses.isEmpty() && !only.isEmpty()) {
      only.named(addresses.path() + "[0]").has(Formats::address);
    }
    addresses(addresses);
  }

  private static void hostAddresses(At status) {
    At addresses = status.at("hostIPs");
    if (addresses.isEmpty()) {
      return;
    }
    At first = addresses.items().getFirst().at("ip");
    if (!first.is(status.at("hostIP").text())) {
      first.invalidText("must be equal to `hostIP`");
    }
    addresses(addresses);
  }

  private static void addresses(At addresses) {
    for (At each : addresses.items()) {
      each.at("ip").named(each.path()).has(Formats::address);
    }
    long newer =
        addresses.items().stream().filter(each -> each.at("ip").text().contains(":")).count();
    int all = addresses.value().size();
    if (all > 1 && (all > 2 || newer != 1)) {
      addresses.invalid("may specify no more than one IP for each IP family");
    }
  }
}
