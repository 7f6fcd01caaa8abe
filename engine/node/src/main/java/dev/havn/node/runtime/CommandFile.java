// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/// A command to be run in a container, as the part `process` of the OCI runtime specification: all
/// but the command is as the container's own, user and groups, variables, folder and capabilities.
final class CommandFile implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path home;
  private final Path file;
  private final List<String> command;
  private final boolean tty;

  /// @param home the container's folder
  CommandFile(Path home, List<String> command, boolean tty) {
    this.home = home;
    this.file = home.resolve("exec-" + UUID.randomUUID() + ".json");
    this.command = command;
    this.tty = tty;
  }

  List<String> command() {
    return command;
  }

  boolean tty() {
    return tty;
  }

  /// Makes the file, which is there until this is closed.
  Path write() throws IOException {
    ObjectNode process = JSON.readTree(home.resolve("config.json").toFile()).withObject("process");
    process.put("terminal", tty);
    ArrayNode words = process.putArray("args");
    command.forEach(words::add);
    Files.write(file, JSON.writeValueAsBytes(process));
    return file;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
