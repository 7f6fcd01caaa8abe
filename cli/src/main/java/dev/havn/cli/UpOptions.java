// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.server.Configuration;
import dev.havn.server.Configuration.RuntimeChoice;
import dev.havn.server.ConfigurationFile;
import dev.havn.server.Kubeconfig;
import dev.havn.server.StoreChoice;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What can be chosen of a cluster on the command line.
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class UpOptions {
  @CommandLine.Spec(CommandLine.Spec.Target.MIXEE)
  private CommandLine.Model.CommandSpec spec;

  @Mixin private StartOptions start;

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
      names = "--store",
      paramLabel = "S",
      description = "file, memory or etcd=URL[,URL...] (file).")
  private @Nullable String store;

  @Option(
      names = "--feature-gates",
      paramLabel = "G",
      description = "Features that Kubernetes does not turn on by itself: NAME=true[,...].")
  private @Nullable String gates;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with the same, and address ranges and limits.")
  private @Nullable Path config;

  boolean foreground() {
    return start.foreground();
  }

  /// Those that were given, by their names; files by their whole paths.
  ObjectNode given() {
    ObjectNode given = JsonNodeFactory.instance.objectNode();
    put(given, "bind", bind);
    put(given, "port", port);
    put(given, "kubeconfig", kubeconfig == null ? null : kubeconfig.toAbsolutePath());
    put(given, "nodes", nodes);
    @Nullable RuntimeChoice runtime = start.runtime();
    put(given, "runtime", runtime == null ? null : runtime.name().toLowerCase(Locale.ROOT));
    put(given, "store", store);
    put(given, "feature-gates", gates);
    put(given, "config", config == null ? null : config.toAbsolutePath());
    return given;
  }

  private static void put(ObjectNode given, String name, @Nullable Object value) {
    if (value != null) {
      given.put(name, value.toString());
    }
  }

  /// Takes those that are not given here from what another command was given.
  void complete(JsonNode other) {
    bind = bind == null ? text(other, "bind") : bind;
    @Nullable String otherPort = text(other, "port");
    port = port == null && otherPort != null ? Integer.valueOf(otherPort) : port;
    kubeconfig = kubeconfig == null ? path(other, "kubeconfig") : kubeconfig;
    @Nullable String otherNodes = text(other, "nodes");
    nodes = nodes == null && otherNodes != null ? Integer.valueOf(otherNodes) : nodes;
    @Nullable String otherRuntime = text(other, "runtime");
    if (otherRuntime != null) {
      start.complete(RuntimeChoice.valueOf(otherRuntime.toUpperCase(Locale.ROOT)));
    }
    store = store == null ? text(other, "store") : store;
    gates = gates == null ? text(other, "feature-gates") : gates;
    config = config == null ? path(other, "config") : config;
  }

  /// What to say to who asks for a cluster that runs already, a line each.
  ///
  /// @param status of its server
  /// @param directory the option that names it, after a space; empty for the usual one
  List<String> said(JsonNode status, String directory) {
    List<String> lines = new ArrayList<>();
    List<String> ignored = unlike(status);
    if (!ignored.isEmpty()) {
      lines.add(
          "it runs already, with another %s: `havn down` first"
              .formatted(String.join(" and ", ignored)));
    }
    if (config != null) {
      lines.add(
          "it runs already and does not read %1$s now: `havn restart --config %1$s%2$s` does"
              .formatted(config, directory));
    }
    return lines;
  }

  /// What was asked for and is otherwise with a server, but for the file of `--config`, which is
  /// read at a start only.
  List<String> unlike(JsonNode status) {
    List<String> others = new ArrayList<>();
    if (nodes != null && nodes != status.path("nodes").size()) {
      others.add("--nodes");
    }
    RuntimeChoice runtime = start.runtime(RuntimeChoice.AUTO);
    boolean isRuntime =
        runtime == RuntimeChoice.AUTO
            || status
                .path("runtime")
                .asText()
                .startsWith(runtime.toString().toLowerCase(Locale.ROOT));
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
    if (gates != null && !isSaid(gates, status.path("featureGates").asText())) {
      others.add("--feature-gates");
    }
    return others;
  }

  private static @Nullable String text(JsonNode other, String name) {
    return other.hasNonNull(name) ? other.get(name).asText() : null;
  }

  private static @Nullable Path path(JsonNode other, String name) {
    @Nullable String text = text(other, name);
    return text == null ? null : Path.of(text);
  }

  Configuration configuration(Path dataDirectory) {
    Configuration base = Configuration.of(dataDirectory);
    if (config != null) {
      base = ConfigurationFile.read(config, base);
    }
    Configuration chosen =
        new Configuration(
            dataDirectory,
            bind == null ? base.bind() : bind,
            port == null ? base.port() : port,
            kubeconfig(base),
            nodes == null ? base.nodes() : nodes,
            start.runtime(base.runtime()),
            store(base),
            base.serviceRange(),
            base.podRange(),
            base.requests(),
            base.api(),
            base.controllers(),
            base.scheduler(),
            base.schedulerFile(),
            base.registriesFile(),
            base.kubeletFile(),
            base.network());
    chosen = gates == null ? chosen : withGates(chosen, gates);
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

  private boolean isSaid(String text, String running) {
    return withGates(Configuration.of(Path.of("")), text).featureGates().equals(running);
  }

  private Configuration withGates(Configuration chosen, String text) {
    try {
      return chosen.withFeatureGates(text);
    } catch (IllegalArgumentException e) {
      throw usage("--feature-gates: " + e.getMessage());
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
