// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.ControlSocket;
import dev.havn.server.DataDirectory;
import dev.havn.server.StartException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/// `--data-dir`, which names the cluster that a command means.
final class DataDirectoryOption {
  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Where the cluster keeps everything (default: ~/.havn).")
  private Path path = Path.of(System.getProperty("user.home"), ".havn");

  Path path() {
    return path.toAbsolutePath().normalize();
  }

  boolean isRunning() {
    return DataDirectory.isInUse(path());
  }

  /// Asks the running server.
  ///
  /// @throws StartException when none runs
  JsonNode ask(String command, JsonNode arguments) {
    if (!isRunning()) {
      throw new StartException(
          "no cluster runs from " + path() + ": `havn up` starts one, --data-dir names another");
    }
    return ControlSocket.ask(DataDirectory.controlSocket(path()), command, arguments);
  }
}
