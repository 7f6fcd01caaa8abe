// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import static java.util.Locale.ROOT;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.Configuration;
import dev.havn.server.ConfigurationFile;
import dev.havn.server.Havn;
import dev.havn.server.Kubeconfig;
import dev.havn.server.StartException;
import dev.havn.server.StoreChoice;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Starts a cluster and prints how to use it once the API answers and every node is Ready.
@Command(
    description = "Starts a cluster and returns when it is ready.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class UpCommand implements Callable<Integer> {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Option(names = "--foreground", description = "Stay; Ctrl-C is `havn down`.")
  private boolean foreground;

  @Option(names = "--bind", paramLabel = "ADDR", description = "Address to listen on (127.0.0.1).")
  private @Nullable String bind;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Port of the API (6443); 0 takes a free one.")
  private @Nullable Integer port;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "File to merge the context into (default: the one kubectl uses).")
  private @Nullable Path kubeconfig;

  @Option(names = "--nodes", paramLabel = "N", description = "Number of nodes (1).")
  private @Nullable Integer nodes;

  @Option(
      names = "--runtime",
      paramLabel = "R",
      description = "auto, process, runc, containerd or simulated (auto).")
  private Configuration.@Nullable RuntimeChoice runtime;

  @Option(
      names = "--store",
      paramLabel = "S",
      description = "file, memory or etcd=URL[,URL...] (file).")
  private @Nullable String store;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with the same, and address ranges and limits.")
  private @Nullable Path config;

  @Override
  public Integer call() {
    if (directory.isRunning()) {
      return running();
    }
    Configuration configuration = configuration();
    Havn havn;
    try {
      havn = Havn.start(configuration);
    } catch (StartException e) {
      // Another `up` may have been faster by a moment.
      if (directory.isRunning()) {
        return running();
      }
      throw e;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(havn::close, "shutdown"));
    havn.awaitReady();
    System.out.println(describe(havn.access()));
    System.out.flush();
    if (!foreground) {
      releaseLauncher();
    }
    havn.awaitStop();
    return 0;
  }

  /// Somebody has started it: done when it is ready.
  private int running() {
    directory.awaitReady();
    List<String> ignored = ignored(directory.ask("status", JsonNodeFactory.instance.objectNode()));
    if (!ignored.isEmpty()) {
      System.err.println(
          "havn: it runs already, with another %s: `havn down` first"
              .formatted(String.join(" and ", ignored)));
    }
    System.out.println(StatusCommand.describe(directory, output.json()));
    return 0;
  }

  /// What was asked for and is not so. The file of `--config` is read at a start only.
  private List<String> ignored(JsonNode status) {
    List<String> others = new ArrayList<>();
    if (nodes != null && nodes != status.path("nodes").size()) {
      others.add("--nodes");
    }
    boolean isRuntime =
        runtime == null
            || runtime == Configuration.RuntimeChoice.AUTO
            || status.path("runtime").asText().startsWith(runtime.toString().toLowerCase(ROOT));
    if (!isRuntime) {
      others.add("--runtime");
    }
    URI server = URI.create(status.path("server").asText());
    if (port != null && port != 0 && port != server.getPort()) {
      others.add("--port");
    }
    if (store != null && !status.path("store").asText().startsWith(store)) {
      others.add("--store");
    }
    return others;
  }

  private String describe(JsonNode access) {
    if (output.json()) {
      return new ObjectMapper().valueToTree(access).toPrettyString();
    }
    return """
        Havn is up: Kubernetes %s at %s, ready in %d ms.
          kubeconfig  %s (context %s)
          data        %s
          nodes       %d, runtime %s
        Next:
          kubectl get nodes
          ./havn status | logs | down%s\
        """
        .formatted(
            access.path("version").asText(),
            access.path("server").asText(),
            access.path("readyMilliseconds").asLong(),
            access.path("kubeconfig").asText(),
            access.path("context").asText(),
            access.path("dataDirectory").asText(),
            access.path("nodes").asInt(),
            access.path("runtime").asText(),
            directory.asTyped());
  }

  /// The launcher reads standard output until it ends: closing it lets its command return.
  static void releaseLauncher() {
    if (System.getenv("HAVN_DETACHED") != null) {
      System.out.println("havn-exit 0");
    }
    System.out.close();
    System.err.close();
  }

  private Configuration configuration() {
    Configuration base = Configuration.of(directory.path());
    if (config != null) {
      base = ConfigurationFile.read(config, base);
    }
    Configuration chosen =
        new Configuration(
            directory.path(),
            bind == null ? base.bind() : bind,
            port == null ? base.port() : port,
            kubeconfig(base),
            nodes == null ? base.nodes() : nodes,
            runtime == null ? base.runtime() : runtime,
            store(base),
            base.serviceRange(),
            base.podRange(),
            base.requests(),
            base.api(),
            base.scheduler(),
            base.schedulerFile(),
            base.registriesFile(),
            base.kubeletFile());
    if (chosen.nodes() < 1 || chosen.nodes() > Configuration.NODES_MAX) {
      throw usage("--nodes must be 1 to " + Configuration.NODES_MAX + ", not " + chosen.nodes());
    }
    if (chosen.port() < 0 || chosen.port() > 65_535) {
      throw usage("--port must be 0 to 65535, not " + chosen.port());
    }
    return chosen;
  }

  private StoreChoice store(Configuration base) {
    try {
      return store == null ? base.store() : base.store().at(store);
    } catch (IllegalArgumentException e) {
      throw usage("--store must be " + e.getMessage());
    }
  }

  private Path kubeconfig(Configuration base) {
    if (kubeconfig != null) {
      return kubeconfig.toAbsolutePath();
    }
    Path fromFile = base.kubeconfig();
    return fromFile == null ? Kubeconfig.ofKubectl(System.getenv()) : fromFile;
  }

  private CommandLine.ParameterException usage(String message) {
    return new CommandLine.ParameterException(spec.commandLine(), message);
  }
}
