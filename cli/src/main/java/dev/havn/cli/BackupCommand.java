// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.ClusterBackup;
import dev.havn.server.ControlSocket;
import dev.havn.server.DataDirectory;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Writes everything of a cluster into one file, while it runs or not.
@Command(
    description = "Writes objects, keys and certificates into one file.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class BackupCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Parameters(paramLabel = "FILE", description = "File to write; an older backup is replaced.")
  private Path file;

  @Override
  public Integer call() {
    Path target = file.toAbsolutePath();
    JsonNode written =
        directory.isRunning()
            ? ControlSocket.ask(
                DataDirectory.controlSocket(directory.path()),
                "backup",
                JsonNodeFactory.instance.objectNode().put("file", target.toString()))
            : ClusterBackup.ofStopped(directory.path(), target);
    System.out.println(
        output.json()
            ? written.toPrettyString()
            : "Backed up %d objects at revision %d into %s, %d KiB. Keep it as safe as the keys in it."
                .formatted(
                    written.path("entries").asInt(),
                    written.path("revision").asLong(),
                    target,
                    written.path("bytes").asLong() >> 10));
    return 0;
  }
}
