// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.Havn;
import dev.havn.server.StartException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Stops a cluster and deletes its data and its context.
@Command(
    description = "Stops the cluster, then deletes its data and context.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class ResetCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  @Override
  public Integer call() {
    if (!yes && !Confirmation.given("Delete everything in " + directory.path() + "?")) {
      throw new StartException("nothing deleted: answer y, or give --yes");
    }
    DownCommand.stop(directory);
    Havn.cleanUp(directory.path());
    Havn.delete(directory.path());
    System.out.println(
        output.json()
            ? JsonNodeFactory.instance
                .objectNode()
                .put("deleted", directory.path().toString())
                .toPrettyString()
            : "Deleted " + directory.path() + ".");
    return 0;
  }
}
