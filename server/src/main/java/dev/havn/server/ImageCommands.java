// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.function.Predicate;

/// What the command line does with images; each answers with what it prints as JSON.
interface ImageCommands {
  JsonNode load(Path file);

  /// With the credentials of the node.
  JsonNode pull(String name);

  JsonNode list();

  /// @param isUsed whether a container has it, by its name or its id
  JsonNode remove(String name, Predicate<String> isUsed);
}
