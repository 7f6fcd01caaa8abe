// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.schema.ResourceType;
import dev.havn.schema.kinds.ServiceAddressRules;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which families of addresses a Service has, of those that the cluster has ranges of.
///
/// @param served the cluster's own first
record ServiceFamilies(List<AddressFamily> served) {
  private static final String POLICY = "ipFamilyPolicy";
  private static final String FAMILIES = "ipFamilies";
  private static final String ADDRESSES = "clusterIPs";
  private static final String SINGLE = "SingleStack";

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

  /// Chooses what is not said. A Service that prefers both families is given the second one, or
  /// loses it, only when its writer means that, not because the cluster has changed.
  void choose(ResourceType type, String name, ObjectNode spec, @Nullable JsonNode before) {
    if (before != null && isAsPreferred(spec, before)) {
      return;
    }
    boolean free = isHeadless(spec) && spec.path("selector").isEmpty();
    if (!spec.has(POLICY)) {
      String old = before == null ? "" : before.path(POLICY).asText("");
      spec.put(POLICY, !old.isEmpty() ? old : free ? "RequireDualStack" : SINGLE);
    }
    refuse(type, name, ServiceAddressRules.problems(spec));
    if (before != null) {
      dropSecond(spec, before);
    }
    List<FieldError> errors = new ArrayList<>();
    if (before != null) {
      errors.addAll(tooFew(spec, before));
    }
    errors.addAll(tooMany(spec));
    refuse(type, name, errors);
    if (!free) {
      refuse(type, name, unserved(spec));
    }
    if (spec.path(FAMILIES).isEmpty()) {
      spec.putArray(FAMILIES).add(served.getFirst().toString());
    }
    boolean wantsBoth = !spec.path(POLICY).asText().equals(SINGLE);
    if (wantsBoth && spec.path(FAMILIES).size() == 1 && (free || served.size() > 1)) {
      String first = spec.path(FAMILIES).path(0).asText();
      AddressFamily other =
          first.equals(AddressFamily.IPV4.toString()) ? AddressFamily.IPV6 : AddressFamily.IPV4;
      spec.withArrayProperty(FAMILIES).add(other.toString());
    }
  }

  private static boolean isAsPreferred(JsonNode spec, JsonNode before) {
    return Stream.of("type", ADDRESSES, FAMILIES)
            .allMatch(field -> spec.path(field).equals(before.path(field)))
        && Stream.of(spec, before)
            .allMatch(each -> each.path(POLICY).asText().equals("PreferDualStack"));
  }

  static boolean isHeadless(JsonNode spec) {
    return spec.path("clusterIP").asText("").equals("None");
  }

  /// Who wants a single family of a Service that had two, and leaves the rest as it was, gives the
  /// second one back.
  private static void dropSecond(ObjectNode spec, JsonNode before) {
    boolean gives =
        spec.path(POLICY).asText().equals(SINGLE) && !before.path(POLICY).asText().equals(SINGLE);
    for (String field : List.of(ADDRESSES, FAMILIES)) {
      if (gives && spec.path(field).size() == 2 && spec.path(field).equals(before.path(field))) {
        spec.withArrayProperty(field).remove(1);
      }
    }
  }

  /// What is left out because a second family is not wanted any more must be said as such.
  private static List<FieldError> tooFew(ObjectNode spec, JsonNode before) {
    List<FieldError> errors = new ArrayList<>();
    boolean single = spec.path(POLICY).asText().equals(SINGLE);
    for (String field : List.of(ADDRESSES, FAMILIES)) {
      int now = spec.path(field).size();
      if (!single && now > 0 && now < before.path(field).size()) {
        errors.add(
            FieldError.invalid(
                "spec." + POLICY,
                spec.path(POLICY),
                "must be 'SingleStack' to release the secondary "
                    + (field.equals(ADDRESSES) ? "cluster IP" : "IP family")));
      }
    }
    return errors;
  }

  private List<FieldError> tooMany(ObjectNode spec) {
    List<FieldError> errors = new ArrayList<>();
    JsonNode policy = spec.path(POLICY);
    if (policy.asText().equals(SINGLE)) {
      String detail =
          "must be 'RequireDualStack' or 'PreferDualStack' when multiple %s are specified";
      if (spec.path(ADDRESSES).size() == 2) {
        errors.add(FieldError.invalid("spec." + POLICY, policy, detail.formatted("cluster IPs")));
      }
      if (spec.path(FAMILIES).size() == 2) {
        errors.add(FieldError.invalid("spec." + POLICY, policy, detail.formatted("IP families")));
      }
    }
    JsonNode addresses = spec.path(ADDRESSES);
    for (int i = spec.path(FAMILIES).size(); i < addresses.size(); i++) {
      if (addresses.get(i).asText().equals("None")) {
        break;
      }
      AddressFamily family = AddressFamily.of(addresses.get(i).asText());
      if (served.contains(family)) {
        spec.withArrayProperty(FAMILIES).add(family.toString());
      } else {
        errors.add(
            FieldError.invalid(
                "spec.clusterIPs[" + i + "]",
                addresses,
                family + " is not configured on this cluster"));
      }
    }
    return errors;
  }

  private List<FieldError> unserved(ObjectNode spec) {
    List<FieldError> errors = new ArrayList<>();
    if (spec.path(POLICY).asText().equals("RequireDualStack") && served.size() < 2) {
      errors.add(
          FieldError.invalid(
              "spec." + POLICY,
              spec.path(POLICY),
              "this cluster is not configured for dual-stack services"));
    }
    JsonNode families = spec.path(FAMILIES);
    for (int i = 0; i < families.size(); i++) {
      String family = families.get(i).asText();
      if (served.stream().noneMatch(each -> each.toString().equals(family))) {
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
