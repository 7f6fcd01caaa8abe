// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What others see of a node's drivers and volumes: the CSINode of its name, an annotation and
/// labels of the Node, and which volumes are in use in its status. Threads: any.
final class NodeRecord {
  private static final String NODE_IDS = "csi.volume.kubernetes.io/nodeid";
  private static final String CSI_NODES = "/apis/storage.k8s.io/v1/csinodes";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String node;
  private final CsiApi api;
  private @Nullable Collection<String> inUse;

  NodeRecord(String node, CsiApi api) {
    this.node = node;
    this.api = api;
  }

  /// What a driver says of the node.
  ///
  /// @param volumesMax zero where it does not say
  /// @param topology by key
  record Facts(String driver, String nodeId, long volumesMax, Map<String, String> topology) {}

  private String path() {
    return "/api/v1/nodes/" + node;
  }

  /// @throws CsiException when the driver says what cannot be
  synchronized void install(Facts facts) throws CsiException {
    if (facts.nodeId().isEmpty()) {
      throw new CsiException("error adding CSI driver node info: driverNodeID must not be empty");
    }
    JsonNode known =
        api.find(path()).orElseThrow(() -> new CsiException("node \"" + node + "\" not found"));
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata");
    Map<String, String> ids = ids(known);
    ids.put(facts.driver(), facts.nodeId());
    metadata.putObject("annotations").put(NODE_IDS, JSON.valueToTree(ids).toString());
    ObjectNode labels = metadata.putObject("labels");
    for (Map.Entry<String, String> each : facts.topology().entrySet()) {
      JsonNode label = known.path("metadata").path("labels").path(each.getKey());
      if (!label.isMissingNode() && !label.asText().equals(each.getValue())) {
        throw new CsiException(
            "error updating Node object with CSI driver node info: detected topology value collision: driver reported \"%s\":\"%s\" but existing label is \"%s\":\"%s\""
                .formatted(each.getKey(), each.getValue(), each.getKey(), label.asText()));
      }
      labels.put(each.getKey(), each.getValue());
    }
    if (!Api.says(known, patch)) {
      api.merge(path(), patch);
    }
    putDriver(known, facts);
  }

  private static Map<String, String> ids(JsonNode known) throws CsiException {
    String text = known.path("metadata").path("annotations").path(NODE_IDS).asText("");
    Map<String, String> ids = new TreeMap<>();
    if (text.isEmpty()) {
      return ids;
    }
    try {
      JSON.readTree(text)
          .properties()
          .forEach(each -> ids.put(each.getKey(), each.getValue().asText()));
      return ids;
    } catch (IOException e) {
      throw new CsiException(
          "failed to parse node's \"%s\" annotation value (\"%s\")".formatted(NODE_IDS, text), e);
    }
  }

  private void putDriver(JsonNode owner, Facts facts) {
    Optional<JsonNode> found = api.find(CSI_NODES + "/" + node);
    ArrayNode drivers = Api.object().putArray("drivers");
    found.ifPresent(each -> others(each, facts.driver()).forEach(drivers::add));
    ObjectNode driver = drivers.addObject();
    driver.put("name", facts.driver()).put("nodeID", facts.nodeId());
    if (!facts.topology().isEmpty()) {
      ArrayNode keys = driver.putArray("topologyKeys");
      new TreeSet<>(facts.topology().keySet()).forEach(keys::add);
    }
    if (facts.volumesMax() > 0) {
      driver
          .putObject("allocatable")
          .put("count", (int) Math.min(facts.volumesMax(), Integer.MAX_VALUE));
    }
    if (found.isEmpty()) {
      create(owner, drivers);
      return;
    }
    ObjectNode patch = Api.object();
    patch.putObject("spec").set("drivers", drivers);
    if (!Api.says(found.get(), patch)) {
      api.merge(CSI_NODES + "/" + node, patch);
    }
  }

  private static Iterable<JsonNode> others(JsonNode csiNode, String driver) {
    ArrayNode others = Api.object().putArray("others");
    for (JsonNode each : csiNode.path("spec").path("drivers")) {
      if (!each.path("name").asText().equals(driver)) {
        others.add(each);
      }
    }
    return others;
  }

  private void create(JsonNode owner, ArrayNode drivers) {
    ObjectNode created = Api.object().put("kind", "CSINode").put("apiVersion", "storage.k8s.io/v1");
    ObjectNode metadata = created.putObject("metadata").put("name", node);
    ObjectNode reference = metadata.putArray("ownerReferences").addObject();
    reference.put("apiVersion", "v1").put("kind", "Node").put("name", node);
    reference.set("uid", owner.path("metadata").path("uid"));
    created.putObject("spec").set("drivers", drivers);
    api.create(CSI_NODES, created.toString());
  }

  /// A driver is gone. What it has labelled stays, as with a kubelet.
  synchronized void uninstall(String driver) throws CsiException {
    Optional<JsonNode> csiNode = api.find(CSI_NODES + "/" + node);
    if (csiNode.isPresent()) {
      ObjectNode patch = Api.object();
      ArrayNode drivers = patch.putObject("spec").putArray("drivers");
      others(csiNode.get(), driver).forEach(drivers::add);
      api.merge(CSI_NODES + "/" + node, patch);
    }
    Optional<JsonNode> known = api.find(path());
    if (known.isEmpty()) {
      return;
    }
    Map<String, String> ids = ids(known.get());
    if (ids.remove(driver) != null) {
      ObjectNode patch = Api.object();
      ObjectNode annotations = patch.putObject("metadata").putObject("annotations");
      if (ids.isEmpty()) {
        annotations.putNull(NODE_IDS);
      } else {
        annotations.put(NODE_IDS, JSON.valueToTree(ids).toString());
      }
      api.merge(path(), patch);
    }
  }

  /// Says which volumes may not be detached from the node.
  synchronized void use(Collection<String> uniqueNames) {
    TreeSet<String> names = new TreeSet<>(uniqueNames);
    if (names.equals(inUse)) {
      return;
    }
    ObjectNode patch = Api.object();
    ArrayNode list = patch.putObject("status").putArray("volumesInUse");
    names.forEach(list::add);
    api.merge(path() + "/status", patch);
    inUse = names;
  }
}
