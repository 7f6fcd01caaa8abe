// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.Compilation;
import dev.havn.server.Configuration;
import dev.havn.server.Havn;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Puts a new server in the place of the one that runs: pods go on, and so does the cluster's DNS.
@Command(
    description = {
      "Puts a new server in the place of the one that runs; its pods go on.",
      "Options that are not given are those of the running one."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class RestartCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;
  @Mixin private UpOptions options;

  @Override
  public Integer call() {
    JsonNode nothing = JsonNodeFactory.instance.objectNode();
    Compilation.giveWay();
    options.complete(directory.ask("options", nothing));
    // What is wrong with them is said while the cluster still runs.
    Configuration configuration = options.configuration(directory.path());
    JsonNode unused = directory.ask("hand over", nothing);
    DownCommand.awaitEnd(directory, DownCommand.LOOKS_MAX);
    Havn havn = Havn.start(configuration, options.given());
    return UpCommand.stay(havn, directory, options, output);
  }
}
