// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.server.Compilation;
import dev.havn.server.Configuration;
import dev.havn.server.ConfigurationFile;
import dev.havn.server.JoinRequest;
import dev.havn.server.NodeAgent;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes this machine a node of a cluster elsewhere, or starts the node that it is.
@Command(
    description = "Makes this machine a node of another one's cluster, or starts it again.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class JoinCommand implements Callable<Integer> {
  private static final String URL = "https://([A-Za-z0-9.-]+|\\[[0-9a-fA-F:.]+]):[0-9]{1,5}";
  private static final String TOKEN = "[a-z0-9]{6}\\.[a-z0-9]{16}";
  private static final String HASH = "sha256:[0-9a-f]{64}";

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;
  @Mixin private StartOptions start;

  @Parameters(
      paramLabel = "URL",
      arity = "0..1",
      description = "Of the API, as `havn token create` prints it; not needed a second time.")
  private @Nullable String server;

  @Option(names = "--token", paramLabel = "T", description = "Of `havn token create`.")
  private @Nullable String token;

  @Option(
      names = "--ca-hash",
      paramLabel = "H",
      description = "By which the cluster's authority is known.")
  private @Nullable String caHash;

  @Option(names = "--name", paramLabel = "N", description = "Of the node (the machine's).")
  private @Nullable String name;

  @Option(
      names = "--address",
      paramLabel = "A",
      description = "Of the node for the others (the one by which it reaches the API).")
  private @Nullable String address;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with `runtime` and `registries-config`.")
  private @Nullable Path config;

  @Override
  public Integer call() {
    JoinRequest request = request();
    if (directory.isRunning()) {
      System.out.println(StatusCommand.describe(directory, output.json()));
      return 0;
    }
    Compilation.giveWay();
    NodeAgent agent = NodeAgent.start(request);
    Runtime.getRuntime().addShutdownHook(new Thread(agent::close, "shutdown"));
    boolean ready = agent.awaitReady();
    System.out.println(describe(agent.status(), ready));
    System.out.flush();
    if (!start.foreground()) {
      UpCommand.releaseLauncher();
    }
    agent.awaitStop();
    return 0;
  }

  private String describe(JsonNode status, boolean ready) {
    if (output.json()) {
      return new ObjectMapper().valueToTree(status).toPrettyString();
    }
    String what =
        "node %s of %s (%s)"
            .formatted(
                status.path("node").asText(),
                status.path("server").asText(),
                status.path("runtime").asText("no runtime yet"));
    return ready
        ? "Havn has joined: " + what + ".\n  ./havn status | logs | down" + directory.asTyped()
        : "Havn goes on trying to be " + what + ": `havn status` says what is wrong.";
  }

  private JoinRequest request() {
    Configuration base = Configuration.of(directory.path());
    if (config != null) {
      base = ConfigurationFile.readOfNode(config, base);
    }
    if (server != null) {
      require(server.matches(URL), "URL must be https://ADDR:PORT, with an address of IPv6 in []");
      require(token != null && token.matches(TOKEN), "--token must be one of `havn token create`");
      require(caHash != null && caHash.matches(HASH), "--ca-hash must be sha256: and 64 digits");
    }
    return new JoinRequest(
        directory.path(),
        text(server),
        text(token),
        text(caHash),
        text(name),
        text(address),
        start.runtime(base.runtime()),
        base.registriesFile());
  }

  private static String text(@Nullable String given) {
    return given == null ? "" : given;
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new CommandLine.ParameterException(spec.commandLine(), otherwise);
    }
  }
}
