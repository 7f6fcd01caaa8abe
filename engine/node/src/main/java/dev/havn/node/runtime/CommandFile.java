// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/// A command to be run in a container, as the part `process` of the OCI runtime specification: all
/// but the command is as the container's own, user and groups, variables, folder and capabilities.
/// It lies where no disk that is full keeps a command, such as a probe's, from running.
final class CommandFile implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final FileAttribute<?> OWNERS_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> OWNERS_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path home;
  private final Path file;
  private final List<String> command;
  private final boolean tty;

  /// @param home the container's folder
  /// @param folder of such files in memory: the variables in them are its owner's only
  CommandFile(Path home, Path folder, List<String> command, boolean tty) {
    this.home = home;
    this.file = folder.resolve(UUID.randomUUID() + ".json");
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
    byte[] bytes = JSON.writeValueAsBytes(process);
    Files.createDirectories(Objects.requireNonNull(file.getParent()), OWNERS_FOLDER);
    Files.createFile(file, OWNERS_FILE);
    Files.write(file, bytes);
    return file;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
