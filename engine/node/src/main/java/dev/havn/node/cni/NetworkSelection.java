// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which addresses a pod asks for in the network that all pods have, by the annotation that Multus
/// reads for it: a list of one selection (Network Plumbing Working Group, de-facto standard for
/// network attachments, section 4.1.2), or just the network's name.
///
/// @param ips addresses, also with the length of their network behind a slash
/// @param mac empty for any
record NetworkSelection(List<String> ips, String mac) {
  static final String ANNOTATION = "v1.multus-cni.io/default-network";

  private static final NetworkSelection NONE = new NetworkSelection(List.of(), "");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CHARS_MAX = 4_096;
  static final String MAC = "[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}";
  private static final Set<String> KNOWN = Set.of("name", "namespace", "interface", "ips", "mac");

  /// @param network that the node has
  /// @throws CniException when the annotation is none, or asks for what there is not
  static NetworkSelection of(Map<String, String> annotations, String network) throws CniException {
    @Nullable String text = annotations.get(ANNOTATION);
    if (text == null || text.isBlank()) {
      return NONE;
    }
    JsonNode selection = selection(text.strip());
    for (Map.Entry<String, JsonNode> each : selection.properties()) {
      if (!KNOWN.contains(each.getKey())) {
        throw invalid("'" + each.getKey() + "' is not supported in it");
      }
    }
    String name = selection.path("name").asText("");
    if (!name.equals(network)) {
      throw invalid("it names network '%s', this node has '%s'".formatted(name, network));
    }
    if (!selection.path("interface").asText(Sandbox.LINK).equals(Sandbox.LINK)) {
      throw invalid("its 'interface' must be " + Sandbox.LINK);
    }
    return new NetworkSelection(ips(selection.path("ips")), mac(selection.path("mac").asText("")));
  }

  private static JsonNode selection(String text) throws CniException {
    if (text.length() > CHARS_MAX) {
      throw invalid("it has more than " + CHARS_MAX + " characters");
    }
    if (!text.startsWith("[")) {
      // `namespace/name@link`
      String name = text.substring(text.indexOf('/') + 1);
      int at = name.indexOf('@');
      return at < 0
          ? JsonNodeFactory.instance.objectNode().put("name", name)
          : JsonNodeFactory.instance
              .objectNode()
              .put("name", name.substring(0, at))
              .put("interface", name.substring(at + 1));
    }
    try {
      JsonNode all = JSON.readTree(text);
      if (all.size() == 1 && all.path(0).isObject()) {
        return all.path(0);
      }
    } catch (JsonProcessingException e) {
      throw invalid("it is no JSON: " + e.getOriginalMessage());
    }
    throw invalid("it must be a list of one object, such as [{\"name\": \"pods\", \"ips\": []}]");
  }

  private static List<String> ips(JsonNode asked) throws CniException {
    if (!asked.isMissingNode() && !asked.isArray()) {
      throw invalid("its 'ips' must be a list");
    }
    List<String> ips = new ArrayList<>();
    for (JsonNode each : asked) {
      String text = each.asText();
      try {
        String whole = text.contains("/") ? text : text + "/" + AddressFamily.of(text).bits();
        AddressRange unused = AddressRange.parse(whole);
      } catch (IllegalArgumentException e) {
        throw invalid("'" + text + "' of its 'ips' is no address such as 10.1.2.3 or 10.1.2.3/24");
      }
      ips.add(text);
    }
    return List.copyOf(ips);
  }

  private static String mac(String asked) throws CniException {
    if (!asked.isEmpty() && !asked.matches(MAC)) {
      throw invalid("'" + asked + "' is no 'mac' such as 0a:58:0a:01:02:03");
    }
    if (!asked.isEmpty() && !isOfOneLink(asked)) {
      throw invalid("'%s' is the 'mac' of no single link".formatted(asked));
    }
    return asked;
  }

  /// Whether it is neither that of a group, as of all (IEEE 802, section 8.2), nor of nobody.
  private static boolean isOfOneLink(String mac) {
    return (Integer.parseInt(mac.substring(0, 2), 16) & 1) == 0 && mac.matches(".*[1-9a-fA-F].*");
  }

  boolean isNone() {
    return ips.isEmpty() && mac.isEmpty();
  }

  static CniException invalid(String why) {
    return new CniException(
        CniException.INVALID_CONFIGURATION, "annotation " + ANNOTATION + ": " + why);
  }
}
