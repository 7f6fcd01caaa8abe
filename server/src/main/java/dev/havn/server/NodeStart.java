// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressRange;
import dev.havn.apiserver.authorization.PluggedNodes;
import dev.havn.node.Node;
import dev.havn.node.cni.CniPlaces;
import dev.havn.reconcile.Api;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Registers the nodes of this process. A few are registered one after another, before anything
/// else goes on; thousands many at a time, so that their writes share the disk.
final class NodeStart {
  private static final Logger LOG = LoggerFactory.getLogger(NodeStart.class);
  private static final String NAME = "havn";
  private static final int FEW = 8;
  private static final int AT_A_TIME = 64;
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final List<Node> nodes;
  private final ScheduledExecutorService executor;
  private final AtomicInteger next = new AtomicInteger();

  NodeStart(List<Node> nodes, ScheduledExecutorService executor) {
    this.nodes = nodes;
    this.executor = executor;
  }

  /// Names of this server's nodes; beside others they carry the id of its data directory.
  static List<String> names(
      boolean isShared, Configuration configuration, DataDirectory directory) {
    String first = isShared ? NAME + "-" + directory.clusterId() : NAME;
    return configuration.nodes() == 1
        ? List.of(first)
        : IntStream.range(0, configuration.nodes()).mapToObj(i -> first + "-" + i).toList();
  }

  /// Those whose pods may have addresses that are not of the node's range: with several nodes
  /// plugins give none but those.
  static PluggedNodes plugged(
      boolean isShared, Configuration configuration, DataDirectory directory) {
    @Nullable CniPlaces plugins = configuration.network().plugins();
    return plugins != null && configuration.nodes() == 1
        ? new PluggedNodes(Set.copyOf(names(isShared, configuration, directory)), plugins::ranges)
        : PluggedNodes.NONE;
  }

  /// Takes the object of the first node away that an earlier start made under its other name: one
  /// that is alone is called otherwise than one of several, and no node gets the addresses of
  /// another's pods.
  ///
  /// @param names of all nodes, which may be none
  /// @param own the addresses of the first one's pods
  static void forgetFormer(Api admin, List<String> names, AddressRange own) {
    if (names.isEmpty()) {
      return;
    }
    String first = names.getFirst();
    String former =
        names.size() == 1 ? first + "-0" : first.substring(0, first.length() - "-0".length());
    String path = "/api/v1/nodes/" + former;
    boolean isThere =
        admin
            .find(path)
            .filter(each -> each.path("spec").path("podCIDR").asText().equals(own.toString()))
            .isPresent();
    if (isThere) {
      LOG.info("node {} is called {} from now on", former, first);
      admin.delete(path, Api.object());
    }
  }

  void start() {
    if (nodes.size() <= FEW) {
      nodes.forEach(Node::start);
      return;
    }
    for (int i = 0; i < AT_A_TIME; i++) {
      executor.execute(this::startNext);
    }
  }

  private void startNext() {
    int index = next.getAndIncrement();
    if (index < nodes.size()) {
      start(nodes.get(index));
    }
  }

  private void start(Node node) {
    boolean started = false;
    try {
      node.start();
      started = true;
    } catch (RuntimeException e) {
      LOG.warn("node {} is not registered, again in a second: {}", node.name(), e.toString());
    }
    try {
      var unused =
          started
              ? executor.schedule(this::startNext, 0, TimeUnit.MILLISECONDS)
              : executor.schedule(() -> start(node), AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more nodes after {}: the executor is closed", node.name());
    }
  }
}
