// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.SimulatedRuntime;
import dev.havn.server.Configuration.RuntimeChoice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The container runtimes of the nodes, chosen by configuration and by what this machine can do.
final class Runtimes implements AutoCloseable {
  private final Map<String, ContainerRuntime> byNode = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final Configuration configuration;
  private final World world;

  private Runtimes(Configuration configuration, World world) {
    this.configuration = configuration;
    this.world = world;
  }

  static Runtimes open(Configuration configuration, World world) {
    RuntimeChoice choice = configuration.runtime();
    if (choice == RuntimeChoice.PROCESS || choice == RuntimeChoice.RUNC) {
      throw new StartException(
          "runtime "
              + choice.name().toLowerCase(java.util.Locale.ROOT)
              + " is not part of this Havn: use --runtime simulated");
    }
    return new Runtimes(configuration, world);
  }

  ContainerRuntime of(String node, int index) {
    return byNode.computeIfAbsent(
        node,
        _ ->
            new SimulatedRuntime(
                world.clock(),
                world.executor(),
                configuration.podRange().replaceAll("\\.0\\.0/16$", "." + index)));
  }

  String version() {
    return byNode.values().stream().findFirst().map(ContainerRuntime::version).orElse("none");
  }

  String nodeAddress() {
    return "127.0.0.1";
  }

  boolean hasImage(String name) {
    return !name.isEmpty();
  }

  List<String> problems() {
    return problems;
  }

  JsonNode loadImage(Path file) {
    throw new StartException("simulated nodes need no images; " + file + " is not loaded");
  }

  JsonNode images() {
    return JsonNodeFactory.instance.arrayNode();
  }

  JsonNode removeImage(String name) {
    throw new StartException(
        "there is no image " + name + ": `havn image list` shows what there is");
  }

  @Override
  public void close() {
    byNode.values().forEach(ContainerRuntime::close);
  }
}
