// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// What a node that has joined knows of itself: `node.json` in its data directory.
///
/// @param server URL of the API
/// @param address of the node for others
record NodeFile(String server, String name, String address) {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Path file(Path directory) {
    return directory.resolve("node.json");
  }

  /// Empty when no node has joined from there.
  static Optional<NodeFile> read(Path directory) throws IOException {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode kept = JSON.readTree(file.toFile());
    return Optional.of(
        new NodeFile(
            kept.path("server").asText(),
            kept.path("name").asText(),
            kept.path("address").asText()));
  }

  void write(Path directory) throws IOException {
    Path fresh = directory.resolve("node.json.new");
    Files.writeString(
        fresh,
        JSON.createObjectNode()
                .put("server", server)
                .put("name", name)
                .put("address", address)
                .toPrettyString()
            + "\n");
    Files.move(fresh, file(directory), StandardCopyOption.ATOMIC_MOVE);
  }

  /// A server does not start from the directory of a node.
  static void refuse(Path directory) {
    if (Files.exists(file(directory))) {
      throw new StartException(
          directory
              + " is the data directory of a node that has joined a cluster: `havn join` starts it"
              + " again, --data-dir takes another");
    }
  }
}
