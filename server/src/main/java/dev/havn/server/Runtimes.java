// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.node.image.ImageStore;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.RuncRuntime;
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
  private final DataDirectory directory;
  private final World world;
  private final ImageStore images;
  private final boolean simulated;

  private Runtimes(
      Configuration configuration, DataDirectory directory, World world, boolean simulated) {
    this.configuration = configuration;
    this.directory = directory;
    this.world = world;
    this.simulated = simulated;
    this.images = new ImageStore(directory.path().resolve("images"));
  }

  static Runtimes open(Configuration configuration, DataDirectory directory, World world) {
    RuntimeChoice choice = configuration.runtime();
    List<String> missing = missing();
    return switch (choice) {
      case SIMULATED -> new Runtimes(configuration, directory, world, true);
      case PROCESS ->
          throw new StartException(
              "runtime process is not part of this Havn: use --runtime runc or simulated");
      case RUNC -> {
        if (!missing.isEmpty()) {
          throw new StartException(
              "runtime runc needs "
                  + String.join(", ", missing)
                  + ": apt-get install runc conmon iproute2, and run as root");
        }
        yield new Runtimes(configuration, directory, world, false);
      }
      case AUTO -> {
        Runtimes runtimes = new Runtimes(configuration, directory, world, !missing.isEmpty());
        if (!missing.isEmpty()) {
          runtimes.problems.add(
              "pods are simulated; containers need " + String.join(", ", missing));
        }
        yield runtimes;
      }
    };
  }

  /// What stands in the way of real containers.
  private static List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      missing.add("root");
    }
    missing.addAll(Program.missing(RuncRuntime.PROGRAMS));
    return missing;
  }

  ContainerRuntime of(String node, int index) {
    return byNode.computeIfAbsent(node, _ -> create(node, index));
  }

  private ContainerRuntime create(String node, int index) {
    String prefix = configuration.podRange().replaceAll("\\.0\\.0/16$", "." + index);
    if (simulated) {
      return new SimulatedRuntime(world.clock(), world.executor(), prefix);
    }
    return new RuncRuntime(
        directory.path().resolve("nodes").resolve(node).resolve("runtime"),
        directory.clusterId() + index,
        prefix,
        images,
        world.clock(),
        world.executor());
  }

  String version() {
    return byNode.values().stream().findFirst().map(ContainerRuntime::version).orElse("none");
  }

  String nodeAddress() {
    return simulated ? "127.0.0.1" : configuration.podRange().replaceAll("\\.0\\.0/16$", ".0.1");
  }

  boolean hasImage(String name) {
    return simulated || images.find(name).isPresent();
  }

  List<String> problems() {
    return problems;
  }

  JsonNode loadImage(Path file) {
    try {
      ArrayNode loaded = JsonNodeFactory.instance.arrayNode();
      images.load(file).forEach(name -> loaded.addObject().put("name", name));
      return loaded;
    } catch (ImageStore.ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  JsonNode images() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    images
        .list()
        .forEach((name, id) -> list.addObject().put("name", name).put("id", id.substring(0, 12)));
    return list;
  }

  JsonNode removeImage(String name) {
    if (!images.remove(name)) {
      throw new StartException(
          "there is no image " + name + ": `havn image list` shows what there is");
    }
    ArrayNode removed = JsonNodeFactory.instance.arrayNode();
    removed.addObject().put("name", name);
    return removed;
  }

  /// Ends all containers and removes what they need outside the data directory.
  void removeAll() {
    byNode.values().forEach(ContainerRuntime::removeAll);
  }

  @Override
  public void close() {
    byNode.values().forEach(ContainerRuntime::close);
  }
}
