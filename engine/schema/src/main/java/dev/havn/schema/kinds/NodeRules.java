// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Json;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Rules of nodes.
final class NodeRules {
  private static final Pattern FEATURE =
      Pattern.compile("[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*");

  private static final String AVOIDED = "scheduler.alpha.kubernetes.io/preferAvoidPods";

  private NodeRules() {}

  static void check(At object) {
    At spec = object.at("spec");
    annotations(object.at("metadata").at("annotations"));
    taints(spec);
    resources(object);
    swap(object);
    features(object);
    At ranges = spec.at("podCIDRs");
    ranges.items().forEach(range -> range.has(Formats::range));
    if (ranges.value().size() > 1) {
      boolean read = areRead(ranges);
      long newer = ranges.items().stream().filter(range -> range.text().contains(":")).count();
      if (!read || ranges.value().size() > 2 || newer != 1) {
        ranges.invalid("may specify no more than one CIDR for each IP family");
      }
    }
  }

  /// Which pods the node does not want, as JSON from before there were taints.
  private static void annotations(At annotations) {
    At avoided = annotations.at(AVOIDED);
    if (avoided.isEmpty()) {
      return;
    }
    try {
      Json.read(avoided.text().getBytes(StandardCharsets.UTF_8));
    } catch (CodecException e) {
      avoided
          .errors()
          .add(
              FieldError.invalid(
                  annotations.path() + ".AvoidPods", AVOIDED, String.valueOf(e.getMessage())));
    }
  }

  /// Whether families can be told at all; the first range that is none is named once more.
  private static boolean areRead(At ranges) {
    for (int i = 0; i < ranges.value().size(); i++) {
      String text = ranges.value().get(i).asText();
      if (!Formats.range(text).isEmpty()) {
        ranges
            .errors()
            .add(
                FieldError.internal(
                    ranges.path(),
                    "invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[%d]: <nil> (invalid CIDR address: %s)"
                        .formatted(i, text)));
        return false;
      }
    }
    return true;
  }

  private static void features(At object) {
    String last = "";
    for (At feature : object.at("status").at("declaredFeatures").items()) {
      String name = feature.text();
      if (!FEATURE.matcher(name).matches()) {
        feature.invalidText(
            "invalid feature name \"%s\": must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
                .formatted(name));
      } else if (name.equals(last)) {
        feature.duplicate();
      } else if (name.compareTo(last) < 0) {
        feature.invalidText("list must be sorted alphabetically");
      }
      last = name;
    }
  }

  private static void resources(At object) {
    for (String field : List.of("capacity", "allocatable")) {
      At amounts = object.at("status").at(field);
      for (Map.Entry<String, At> each : amounts.entries().entrySet()) {
        At amount = each.getValue().named(amounts.path() + "." + each.getKey());
        ResourceRules.quantity(amount, each.getKey());
      }
    }
  }

  private static void swap(At object) {
    At swap = object.at("status").at("nodeInfo").at("swap").at("capacity");
    if (swap.isThere() && swap.number() <= 0) {
      swap.named("metadata.nodeSwapStatus.capacity").invalid("must be greater than zero");
    }
  }

  private static void taints(At spec) {
    Set<String> taints = new HashSet<>();
    for (At taint : spec.at("taints").items()) {
      At named = taint.named(taint.path().replace("spec.taints", "metadata.taints"));
      named.at("key").has(Formats::qualifiedName);
      if (!named.at("value").isEmpty()) {
        named.at("value").has(LabelSyntax::valueProblems);
      }
      named.at("effect").needsOneOf("NoSchedule", "PreferNoSchedule", "NoExecute");
      if (!taints.add(taint.at("key").text() + " " + taint.at("effect").text())) {
        named
            .errors()
            .add(
                new FieldError(
                    FieldError.Type.DUPLICATE,
                    named.path(),
                    taint.value().toString(),
                    "taints must be unique by key and effect pair"));
      }
    }
  }

  /// What a node was given once stays with it; taints are looked at again.
  static void changed(At after, ObjectNode before) {
    At spec = after.at("spec");
    resources(after);
    features(after);
    Set<JsonNode> addresses = new HashSet<>();
    for (At address : after.at("status").at("addresses").items()) {
      if (!addresses.add(address.value())) {
        address.duplicate();
      }
    }
    JsonNode ranges = before.path("spec").path("podCIDRs");
    JsonNode now = spec.at("podCIDRs").value();
    for (int i = 0; i < ranges.size(); i++) {
      boolean sizes = now.size() != ranges.size();
      if (sizes || !ranges.get(i).equals(now.get(i))) {
        spec.at("podCIDRs")
            .forbidden("node updates may not change podCIDR except from \"\" to valid");
      }
      if (sizes) {
        break;
      }
    }
    String provider = before.path("spec").path("providerID").asText("");
    if (!provider.isEmpty() && !spec.at("providerID").is(provider)) {
      spec.at("providerID")
          .forbidden("node updates may not change providerID except from \"\" to valid");
    }
    String external = before.path("spec").path("externalID").asText("");
    if (!spec.at("externalID").is(external)) {
      spec.at("externalID").forbidden("may not be updated");
    }
    taints(spec);
  }

  /// The older field holds the first range of the newer one, and wins where they differ.
  static void fill(ObjectNode spec) {
    String one = spec.path("podCIDR").asText("");
    JsonNode all = spec.path("podCIDRs");
    if (!one.isEmpty() && !one.equals(all.path(0).asText(""))) {
      spec.putArray("podCIDRs").add(one);
    } else if (one.isEmpty() && !all.isEmpty()) {
      spec.set("podCIDR", all.get(0));
    }
  }
}
