// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.ClusterRestore;
import dev.havn.server.Configuration;
import dev.havn.server.ConfigurationFile;
import dev.havn.server.StartException;
import dev.havn.server.StoreChoice;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes a cluster that does not run what a backup says.
@Command(
    description = "Makes a cluster what a backup says; it must not run.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class RestoreCommand implements Callable<Integer> {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Parameters(paramLabel = "FILE", description = "What `havn backup` has written.")
  private Path file;

  @Option(names = "--yes", description = "Do not ask before something is replaced.")
  private boolean yes;

  @Option(
      names = "--store",
      paramLabel = "S",
      description = "file or etcd=URL[,URL...], into which (file).")
  private @Nullable String store;

  @Option(names = "--config", paramLabel = "FILE", description = "As of `havn up`.")
  private @Nullable Path config;

  @Override
  public Integer call() {
    Configuration base = Configuration.of(directory.path());
    if (config != null) {
      base = ConfigurationFile.read(config, base);
    }
    ClusterRestore restore = new ClusterRestore(base.withStore(store(base)));
    if (directory.isRunning()) {
      throw new StartException(
          "a server runs in %s: `havn down` stops it".formatted(directory.path()));
    }
    @Nullable String lost = restore.replaces();
    if (lost != null && !yes && !Confirmation.given("Replace " + lost + "?")) {
      throw new StartException("nothing restored: answer y, or give --yes");
    }
    JsonNode restored = restore.from(file);
    System.out.println(
        output.json()
            ? restored.toPrettyString()
            : "Restored %d objects of %s into %s. `havn up` starts it."
                .formatted(
                    restored.path("entries").asInt(),
                    restored.path("created").asText(),
                    restored.path("store").asText().equals("file")
                        ? directory.path().toString()
                        : restored.path("store").asText()));
    return 0;
  }

  private StoreChoice store(Configuration base) {
    try {
      return store == null ? base.store() : base.store().at(store);
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--store must be " + e.getMessage());
    }
  }
}
