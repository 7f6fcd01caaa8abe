// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import java.util.ArrayList;
import java.util.List;

/// What plugins have made of a pod's network (specification, section 6).
///
/// @param json of the list's version
record CniResult(ObjectNode json) {
  private static final String IPS = "ips";

  /// What a plugin answers, as the next one reads it: in the version of the list.
  ///
  /// @throws CniException when it is of a version that is not spoken here
  static CniResult of(ObjectNode answer, Version version) throws CniException {
    Version own = Version.parse(answer.path("cniVersion").asText(""), "result");
    ObjectNode json = answer.deepCopy();
    json.put("cniVersion", version.toString());
    boolean namesFamilies = !version.isAtLeast(Version.V1_0_0);
    if (namesFamilies == own.isAtLeast(Version.V1_0_0)) {
      for (JsonNode each : json.path(IPS)) {
        if (each instanceof ObjectNode address && namesFamilies) {
          address.put("version", address.path("address").asText().contains(":") ? "6" : "4");
        } else if (each instanceof ObjectNode address) {
          address.remove("version");
        }
      }
    }
    return new CniResult(json);
  }

  /// The pod's own, those of IPv4 first.
  ///
  /// @throws CniException when one is no address
  List<String> addresses() throws CniException {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    for (JsonNode each : json.path(IPS)) {
      if (!isInPod(each.path("interface"))) {
        continue;
      }
      String text = each.path("address").asText().replaceFirst("/.*", "");
      try {
        AddressFamily family = AddressFamily.of(text);
        (family == AddressFamily.IPV4 ? first : second).add(family.canonical(text));
      } catch (IllegalArgumentException e) {
        throw new CniException(
            CniException.CANNOT_DECODE, "result: '%s' is no address".formatted(text), e);
      }
    }
    first.addAll(second);
    return first;
  }

  /// @param index of an interface; without one an address is the pod's
  private boolean isInPod(JsonNode index) {
    return !index.isInt()
        || !json.path("interfaces").path(index.asInt()).path("sandbox").asText("").isEmpty();
  }

  /// The links of the machine that the pod hangs on.
  List<String> hostLinks() {
    List<String> links = new ArrayList<>();
    for (JsonNode each : json.path("interfaces")) {
      if (each.path("sandbox").asText("").isEmpty()) {
        links.add(each.path("name").asText());
      }
    }
    return links;
  }
}
