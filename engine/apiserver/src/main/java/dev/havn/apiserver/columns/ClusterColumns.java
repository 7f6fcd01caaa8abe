// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.count;
import static dev.havn.apiserver.columns.Column.created;
import static dev.havn.apiserver.columns.Column.flag;
import static dev.havn.apiserver.columns.Column.integer;
import static dev.havn.apiserver.columns.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// What a cluster and a namespace are made of.
final class ClusterColumns {
  private static final int SERVERS_SHOWN = 3;

  private ClusterColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "Namespace" -> List.of(text("Status", "status.phase"), age());
      case "ConfigMap" ->
          List.of(count("Data", o -> o.path("data").size() + o.path("binaryData").size()), age());
      case "Secret" ->
          List.of(text("Type", "type"), count("Data", o -> o.path("data").size()), age());
      case "ResourceQuota" ->
          List.of(text("Request", o -> quota(o, false)), text("Limit", o -> quota(o, true)), age());
      case "PriorityClass" ->
          List.of(
              integer("Value", "value"),
              flag("Global-Default", o -> o.path("globalDefault").asBoolean()),
              age(),
              text("PreemptionPolicy", "preemptionPolicy"));
      case "RuntimeClass" -> List.of(text("Handler", "handler"), age());
      case "StorageVersion" ->
          List.of(
              text("CommonEncodingVersion", ClusterColumns::encoding),
              text("StorageVersions", ClusterColumns::servers),
              age());
      case "Lease" -> List.of(text("Holder", "spec.holderIdentity"), age());
      case "APIService" ->
          List.of(
              text("Service", ClusterColumns::service),
              text("Available", ClusterColumns::available),
              age());
      case "ResourceClaim" -> List.of(text("State", ClusterColumns::claim), age());
      case "ResourceSlice" ->
          List.of(
              text("Node", "spec.nodeName"),
              text("Driver", "spec.driver"),
              text("Pool", "spec.pool.name"),
              age());
      case "LimitRange", "CustomResourceDefinition", "CSIStorageCapacity" -> List.of(created());
      case "ServiceAccount", "DeviceClass", "ResourceClaimTemplate" -> List.of(age());
      default -> List.of();
    };
  }

  /// @param limits whether what bounds limits is meant, or all the rest
  private static String quota(JsonNode quota, boolean limits) {
    TreeMap<String, String> texts = new TreeMap<>();
    node(quota, "status.hard")
        .properties()
        .forEach(
            hard -> {
              String name = hard.getKey();
              String used = node(quota, "status.used").path(name).asText("0");
              if (name.startsWith("limits") == limits) {
                texts.put(name, name + ": " + used + "/" + hard.getValue().asText());
              }
            });
    return String.join(", ", texts.values());
  }

  private static String encoding(JsonNode storageVersion) {
    String common = at(storageVersion, "status.commonEncodingVersion");
    return common.isEmpty() ? "<unset>" : common;
  }

  private static String servers(JsonNode storageVersion) {
    List<String> all = new ArrayList<>();
    node(storageVersion, "status.storageVersions")
        .forEach(each -> all.add(at(each, "apiServerID") + "=" + at(each, "encodingVersion")));
    if (all.isEmpty()) {
      return "<unset>";
    }
    return all.size() <= SERVERS_SHOWN
        ? String.join(",", all)
        : String.join(",", all.subList(0, SERVERS_SHOWN))
            + " + "
            + (all.size() - SERVERS_SHOWN)
            + " more...";
  }

  private static String service(JsonNode api) {
    JsonNode service = node(api, "spec.service");
    return service.isMissingNode() ? "Local" : at(service, "namespace") + "/" + at(service, "name");
  }

  private static String available(JsonNode api) {
    for (JsonNode condition : node(api, "status.conditions")) {
      if (condition.path("type").asText().equals("Available")) {
        String status = condition.path("status").asText();
        return status.equals("True") ? status : status + " (" + at(condition, "reason") + ")";
      }
    }
    return "Unknown";
  }

  private static String claim(JsonNode claim) {
    boolean deleted = claim.path("metadata").has("deletionTimestamp");
    String state = deleted ? "deleted" : "";
    if (!node(claim, "status.allocation").isMissingNode()) {
      String reserved = node(claim, "status.reservedFor").isEmpty() ? "" : ",reserved";
      return (deleted ? "deleted," : "") + "allocated" + reserved;
    }
    return deleted ? state : "pending";
  }
}
