// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The program runc with a state folder of its own, so that each node of each cluster sees only its
/// containers.
///
/// @param state a folder that a restart of the machine empties
record Runc(Path state) {
  private static final ObjectMapper JSON = new ObjectMapper();

  List<String> command(String... words) {
    List<String> command = new ArrayList<>(List.of("runc", "--root", state.toString()));
    command.addAll(List.of(words));
    return command;
  }

  static String version() throws IOException {
    return Program.must(List.of("runc", "--version")).split("\\s+")[2];
  }

  void start(String containerId) throws IOException {
    Program.must(command("start", containerId));
  }

  Program.Result signal(String containerId, String signal) throws IOException {
    return Program.run(command("kill", containerId, signal));
  }

  /// Ends a container's processes and forgets it; one that it does not know is none to it.
  void delete(String containerId) throws IOException {
    Program.must(command("delete", "--force", containerId));
  }

  /// What it knows: `created`, `running` or `stopped` by container.
  Map<String, String> list() throws IOException {
    Map<String, String> states = new TreeMap<>();
    JsonNode list = JSON.readTree(Program.must(command("list", "--format", "json")));
    for (JsonNode each : list) {
      states.put(each.path("id").asText(), each.path("status").asText());
    }
    return states;
  }
}
