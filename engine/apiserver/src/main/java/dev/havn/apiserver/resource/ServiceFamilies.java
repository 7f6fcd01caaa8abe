// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.kinds.ServiceAddressRules;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which families of addresses a Service has. There is one range, of IPv4, in a cluster.
final class ServiceFamilies {
  private static final String POLICY = "ipFamilyPolicy";
  private static final String FAMILIES = "ipFamilies";

  private ServiceFamilies() {}

  /// The older field `clusterIP` and the first of the newer `clusterIPs` are the same; whichever
  /// was set alone, or changed alone, sets the other.
  static void normalize(ObjectNode spec, @Nullable JsonNode before) {
    String one = spec.path("clusterIP").asText("");
    if (before == null) {
      if (!one.isEmpty() && spec.path("clusterIPs").isEmpty()) {
        spec.putArray("clusterIPs").add(one);
      }
      return;
    }
    String old = before.path("clusterIP").asText("");
    boolean same = before.path("clusterIPs").equals(spec.path("clusterIPs"));
    if (one.equals(old)) {
      if (spec.path("clusterIPs").isEmpty() && before.has("clusterIPs")) {
        spec.set("clusterIPs", before.get("clusterIPs").deepCopy());
      }
    } else if (same && one.isEmpty()) {
      spec.remove("clusterIPs");
    } else if (same) {
      spec.putArray("clusterIPs").add(one);
    }
  }

  /// Chooses what is not said.
  static void choose(ResourceType type, String name, ObjectNode spec, @Nullable JsonNode before) {
    boolean free =
        spec.path("clusterIP").asText("").equals("None") && spec.path("selector").isEmpty();
    if (!spec.has(POLICY)) {
      String old = before == null ? "" : before.path(POLICY).asText("");
      spec.put(POLICY, !old.isEmpty() ? old : free ? "RequireDualStack" : "SingleStack");
    }
    refuse(type, name, ServiceAddressRules.problems(spec));
    refuse(type, name, tooMany(spec));
    boolean single = spec.path(POLICY).asText().equals("SingleStack");
    if (free) {
      if (spec.path(FAMILIES).isEmpty()) {
        spec.putArray(FAMILIES).add("IPv4");
      }
      if (spec.path(FAMILIES).size() < 2 && !single) {
        String first = spec.path(FAMILIES).path(0).asText();
        spec.withArrayProperty(FAMILIES).add(first.equals("IPv4") ? "IPv6" : "IPv4");
      }
      return;
    }
    refuse(type, name, unserved(spec));
    if (spec.path(FAMILIES).isEmpty()) {
      spec.putArray(FAMILIES).add("IPv4");
    }
  }

  private static List<FieldError> tooMany(ObjectNode spec) {
    List<FieldError> errors = new ArrayList<>();
    JsonNode policy = spec.path(POLICY);
    if (policy.asText().equals("SingleStack")) {
      String detail =
          "must be 'RequireDualStack' or 'PreferDualStack' when multiple %s are specified";
      if (spec.path("clusterIPs").size() == 2) {
        errors.add(FieldError.invalid("spec." + POLICY, policy, detail.formatted("cluster IPs")));
      }
      if (spec.path(FAMILIES).size() == 2) {
        errors.add(FieldError.invalid("spec." + POLICY, policy, detail.formatted("IP families")));
      }
    }
    JsonNode addresses = spec.path("clusterIPs");
    for (int i = spec.path(FAMILIES).size(); i < addresses.size(); i++) {
      if (addresses.get(i).asText().contains(":")) {
        errors.add(
            FieldError.invalid(
                "spec.clusterIPs[" + i + "]", addresses, "IPv6 is not configured on this cluster"));
      } else if (!addresses.get(i).asText().equals("None")) {
        spec.withArrayProperty(FAMILIES).add("IPv4");
      }
    }
    return errors;
  }

  private static List<FieldError> unserved(ObjectNode spec) {
    List<FieldError> errors = new ArrayList<>();
    if (spec.path(POLICY).asText().equals("RequireDualStack")) {
      errors.add(
          FieldError.invalid(
              "spec." + POLICY,
              spec.path(POLICY),
              "this cluster is not configured for dual-stack services"));
    }
    JsonNode families = spec.path(FAMILIES);
    for (int i = 0; i < families.size(); i++) {
      if (!families.get(i).equals(TextNode.valueOf("IPv4"))) {
        errors.add(
            FieldError.invalid(
                "spec.ipFamilies[" + i + "]", families.get(i), "not configured on this cluster"));
      }
    }
    return errors;
  }

  private static void refuse(ResourceType type, String name, List<FieldError> errors) {
    if (!errors.isEmpty()) {
      throw ApiException.invalid(type, name, errors);
    }
  }
}
