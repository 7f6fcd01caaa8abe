// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/// The ports that one write of a Service takes on all nodes.
final class NodePorts {
  static final int FIRST = 30_000;
  static final int LAST = 32_767;

  private final ResourceType type;
  private final String name;
  private final IntPredicate othersHave;

  /// What the Service had before, to be kept and not to be chosen again.
  private final Set<Integer> had = new HashSet<>();

  private final Set<Integer> own = new HashSet<>();
  private final boolean dryRun;
  private final RandomGenerator random;
  private int beyond = LAST + 2;

  /// @param name of the Service
  /// @param othersHave whether another Service has a port
  /// @param dryRun takes no port: given ones may lie beyond the range, others do
  NodePorts(
      ResourceType type,
      String name,
      IntPredicate othersHave,
      boolean dryRun,
      RandomGenerator random) {
    this.type = type;
    this.name = name;
    this.othersHave = othersHave;
    this.dryRun = dryRun;
    this.random = random;
  }

  private static List<ObjectNode> ports(JsonNode spec) {
    List<ObjectNode> ports = new ArrayList<>();
    spec.path("ports").forEach(each -> ports.add((ObjectNode) each));
    return ports;
  }

  /// Of a new Service: the same port of several protocols is the same port of the nodes.
  void ofNew(JsonNode spec) {
    List<ObjectNode> ports = ports(spec);
    Map<Integer, Integer> asked = asked(ports);
    Map<Integer, Integer> chosen = new HashMap<>();
    for (int i = 0; i < ports.size(); i++) {
      ObjectNode port = ports.get(i);
      int given = port.path("nodePort").asInt();
      if (given == 0 && !ServiceUpdates.choosesPorts(spec)) {
        continue;
      }
      int number = port.path("port").asInt();
      int before = chosen.getOrDefault(number, 0);
      if (before == 0) {
        int wanted = asked.getOrDefault(number, 0);
        int node = wanted == 0 ? next() : take(i, wanted);
        port.put("nodePort", node);
        chosen.put(number, node);
      } else if (given == 0) {
        port.put("nodePort", before);
      } else if (given != before) {
        take(i, given);
      }
    }
  }

  /// The first port of the nodes that is asked for each port.
  private static Map<Integer, Integer> asked(List<ObjectNode> ports) {
    Map<Integer, Integer> asked = new HashMap<>();
    for (ObjectNode port : ports) {
      int node = port.path("nodePort").asInt();
      if (node != 0) {
        asked.putIfAbsent(port.path("port").asInt(), node);
      }
    }
    return asked;
  }

  /// Of a changed Service, which keeps what it had.
  void ofChanged(JsonNode spec, JsonNode old) {
    Set<Integer> kept = new HashSet<>();
    old.path("ports").forEach(port -> kept.add(port.path("nodePort").asInt()));
    had.addAll(kept);
    had.add(old.path("healthCheckNodePort").asInt());
    List<ObjectNode> ports = ports(spec);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < ports.size(); i++) {
      ObjectNode port = ports.get(i);
      int node = port.path("nodePort").asInt();
      if (node == 0 && !ServiceUpdates.choosesPorts(spec)) {
        continue;
      }
      if (node == 0) {
        node = next();
        port.put("nodePort", node);
      } else if (!kept.contains(node) && !own.contains(node)) {
        take(i, node);
      }
      String shown = "{%s %d}".formatted(port.path("protocol").asText(""), node);
      if (!seen.add(shown)) {
        throw ApiException.unreasoned("duplicate nodePort: " + shown);
      }
    }
  }

  /// The port at which a balancer asks nodes whether they have endpoints.
  void ofHealth(ObjectNode spec) {
    int given = spec.path("healthCheckNodePort").asInt();
    if (given == 0) {
      spec.put("healthCheckNodePort", next());
      return;
    }
    String problem = tryTake(given);
    if (!problem.isEmpty()) {
      throw ApiException.internal(
          "failed to allocate requested HealthCheck NodePort %d: %s".formatted(given, problem));
    }
  }

  /// Takes the port for the Service's own port at an index.
  private int take(int index, int port) {
    String problem = tryTake(port);
    if (!problem.isEmpty()) {
      throw ApiException.invalid(
          type,
          name,
          List.of(
              FieldError.invalid(
                  "spec.ports[" + index + "].nodePort", IntNode.valueOf(port), problem)));
    }
    return port;
  }

  /// Takes a port; why it cannot be taken, or an empty text.
  private String tryTake(int port) {
    if (!dryRun && (port < FIRST || port > LAST)) {
      return "provided port is not in the valid range. The range of valid ports is %d-%d"
          .formatted(FIRST, LAST);
    }
    return isTaken(port) || !own.add(port) ? "provided port is already allocated" : "";
  }

  private boolean isTaken(int port) {
    return othersHave.test(port) || had.contains(port);
  }

  private int next() {
    if (dryRun) {
      while (!own.add(beyond)) {
        beyond++;
      }
      return beyond;
    }
    int size = LAST - FIRST + 1;
    int start = random.nextInt(size);
    for (int i = 0; i < size; i++) {
      int port = FIRST + (start + i) % size;
      if (!isTaken(port) && own.add(port)) {
        return port;
      }
    }
    throw ApiException.internal("failed to allocate a nodePort: range is full");
  }
}
