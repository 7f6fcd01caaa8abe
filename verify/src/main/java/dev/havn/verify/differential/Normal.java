// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/// Answers without what differs from one cluster to the next: identities, times, addresses.
final class Normal {
  private static final Set<String> VOLATILE =
      Set.of(
          "uid",
          "resourceVersion",
          "creationTimestamp",
          "deletionTimestamp",
          "time",
          "timeAdded",
          "lastTransitionTime",
          "lastPhaseTransitionTime",
          "lastUpdateTime",
          "clusterIP",
          "clusterIPs",
          "nodePort",
          "healthCheckNodePort",
          "continue",
          "token",
          "expirationTimestamp",
          "selfLink");

  /// What has chance in the middle of a text.
  private static final Pattern CHANCE =
      Pattern.compile(
          "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
              + "|(?<=kube-api-access-)[a-z0-9]{5}"
              + "|(?<=generated-)[a-z0-9]{5}"
              + "|(?<=resource version: )[0-9]+( \\([0-9]+\\))?"
              + "|(?<=, current: )[0-9]+"
              + "|(?<=nodePort: Duplicate value: )[0-9]+"
              + "|(?<=duplicate nodePort: \\{[A-Z]{3,4} )[0-9]+"
              + "|(?<=ResourceVersion in object meta: )[0-9]+"
              + "|(?<=the ResourceVersion in record \\()[0-9]+");

  private static final String ALLOCATED_PORT = "(?<=Duplicate value: )[0-9]+";

  private static final Pattern AGE = Pattern.compile("([0-9]+[dhms])+|20[0-9-]{8}T[0-9:]{8}Z");

  /// Addresses, ports and identities in the rows of a table.
  private static final Pattern ALLOCATED =
      Pattern.compile(
          "10\\.96\\.[0-9]+\\.[0-9]+|(?<=:)3[0-9]{4}(?=/)"
              + "|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  /// Who came with a certificate carries its digest.
  private static final String CREDENTIAL = "authentication.kubernetes.io/credential-id";

  private Normal() {}

  static JsonNode of(JsonNode node) {
    JsonNode copy = node.deepCopy();
    strip(copy);
    return copy;
  }

  /// Entries stand in the order of their times, which depends on who is faster.
  private static String owner(JsonNode entry) {
    return entry.path("operation").asText()
        + entry.path("manager").asText()
        + entry.path("subresource").asText()
        + entry.path("apiVersion").asText();
  }

  private static void sort(ArrayNode items, Function<JsonNode, String> by) {
    List<JsonNode> entries = new ArrayList<>();
    items.forEach(entries::add);
    entries.sort(Comparator.comparing(by));
    items.removeAll();
    entries.forEach(items::add);
  }

  private static void strip(JsonNode node) {
    if (node instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      if (object.get("managedFields") instanceof ArrayNode owners) {
        sort(owners, Normal::owner);
      }
      if (object.get("extra") instanceof ObjectNode extra
          && extra.remove(CREDENTIAL) != null
          && extra.isEmpty()) {
        names.remove("extra");
        object.remove("extra");
      }
      Interference.strip(object);
      for (String rules : List.of("resourceRules", "nonResourceRules")) {
        if (object.get(rules) instanceof ArrayNode of) {
          sort(of, JsonNode::toString);
        }
      }
      if (object.get("cells") instanceof ArrayNode cells) {
        blankCells(cells);
      }
      if (object.get("columnDefinitions") instanceof ArrayNode columns) {
        columns.forEach(each -> ((ObjectNode) each).remove("description"));
      }
      if (object.path("field").asText().endsWith(".nodePort")) {
        object.put("message", object.path("message").asText().replaceAll(ALLOCATED_PORT, "*"));
      }
      for (String name : names) {
        if (VOLATILE.contains(name)) {
          object.put(name, "*");
        } else if (object.get(name).isTextual()) {
          object.put(name, CHANCE.matcher(object.get(name).asText()).replaceAll("*"));
        } else {
          strip(object.get(name));
        }
      }
      Causes.order(object);
    } else if (node instanceof ArrayNode array) {
      array.forEach(Normal::strip);
    }
  }

  /// What differs from one run to the next in the rows of a table.
  private static void blankCells(ArrayNode cells) {
    for (int i = 0; i < cells.size(); i++) {
      JsonNode cell = cells.get(i);
      if (AGE.matcher(cell.asText()).matches()) {
        cells.set(i, "*");
      } else if (cell.isTextual()) {
        cells.set(i, ALLOCATED.matcher(cell.asText()).replaceAll("*"));
      }
    }
  }

  /// The paths at which two trees differ, each with both values; at most `most` of them.
  static List<String> differences(JsonNode real, JsonNode havn, int most) {
    List<String> found = new ArrayList<>();
    compare("", real, havn, found);
    return found.size() > most ? found.subList(0, most) : found;
  }

  private static void compare(String path, JsonNode real, JsonNode havn, List<String> found) {
    if (real instanceof ObjectNode one && havn instanceof ObjectNode other) {
      for (Map.Entry<String, JsonNode> field : one.properties()) {
        JsonNode there = other.get(field.getKey());
        if (there == null) {
          found.add(path + "." + field.getKey() + ": expected " + field.getValue() + ", absent");
        } else {
          compare(path + "." + field.getKey(), field.getValue(), there, found);
        }
      }
      for (Map.Entry<String, JsonNode> field : other.properties()) {
        if (!one.has(field.getKey())) {
          found.add(path + "." + field.getKey() + ": unexpected " + field.getValue());
        }
      }
    } else if (real instanceof ArrayNode one && havn instanceof ArrayNode other) {
      if (one.size() != other.size()) {
        found.add(path + ": expected " + one + ", got " + other);
        return;
      }
      for (int i = 0; i < one.size(); i++) {
        compare(path + "[" + i + "]", one.get(i), other.get(i), found);
      }
    } else if (!real.equals(havn)) {
      found.add(path + ": expected " + real + ", got " + havn);
    }
  }
}
