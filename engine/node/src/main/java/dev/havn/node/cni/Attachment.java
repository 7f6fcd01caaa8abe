// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A pod's place in a network, with all that takes it away again: the configuration that made it
/// may be another by then.
///
/// @param programs folders of plugins
/// @param arguments `CNI_ARGS`
/// @param capabilities what the pod wants, by capability
/// @param result null while it is being made
record Attachment(
    String id,
    Path network,
    NetworkList list,
    List<Path> programs,
    String arguments,
    ObjectNode capabilities,
    @Nullable CniResult result) {
  Attachment with(CniResult made) {
    return new Attachment(id, network, list, programs, arguments, capabilities, made);
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("kind", "cniCacheV1").put("containerId", id).put("ifName", Sandbox.LINK);
    json.put("networkName", list.name()).put("netns", network.toString());
    json.put("cniArgs", arguments).set("config", list.source());
    json.set("capabilityArgs", capabilities);
    ArrayNode folders = json.putArray("programs");
    programs.forEach(each -> folders.add(each.toString()));
    if (result != null) {
      json.set("result", result.json());
    }
    return json;
  }

  /// @param where it stands, for errors
  static Attachment parse(JsonNode json, String where) throws CniException {
    NetworkList list = NetworkList.parse(json.path("config"), where);
    List<Path> programs = new ArrayList<>();
    json.path("programs").forEach(each -> programs.add(Path.of(each.asText())));
    return new Attachment(
        json.path("containerId").asText(),
        Path.of(json.path("netns").asText()),
        list,
        List.copyOf(programs),
        json.path("cniArgs").asText(),
        json.path("capabilityArgs") instanceof ObjectNode wants
            ? wants
            : JsonNodeFactory.instance.objectNode(),
        json.path("result") instanceof ObjectNode made ? CniResult.of(made, list.version()) : null);
  }
}
