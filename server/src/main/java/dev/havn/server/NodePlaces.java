// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressRange;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.NodeId;
import dev.havn.node.runtime.NodeNamespace;
import dev.havn.node.runtime.RuncRuntime;
import dev.havn.node.runtime.Uplink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which nodes of this process have a network namespace of their own. The first one has the
/// machine's, where the API listens; a node whose network is there already keeps it as it is, with
/// the connections of its pods.
final class NodePlaces {
  private static final Logger LOG = LoggerFactory.getLogger(NodePlaces.class);

  private final Configuration configuration;
  private final Map<Integer, NetworkNamespace> apart = new ConcurrentHashMap<>();
  private final List<String> problems;

  /// @param problems is told what cannot be as it is wanted
  NodePlaces(Configuration configuration, List<String> problems) {
    this.configuration = configuration;
    this.problems = problems;
  }

  /// Gives the settings of a node's runtime.
  @FunctionalInterface
  interface Making {
    /// @param uplink of a node with a network namespace of its own, null for the machine's
    RuncRuntime.Settings settings(@Nullable Uplink uplink);
  }

  /// None for a node in the machine's.
  Optional<NetworkNamespace> namespace(int index) {
    return Optional.ofNullable(apart.get(index));
  }

  /// Opens a node's runtime where the node is to be. What a kernel does not do costs the node its
  /// namespace, not its pods.
  ContainerRuntime open(NodeId id, Making making) {
    boolean isThere = isApart(id);
    boolean isPlugged = configuration.network().plugins() != null && isOneOfMore(id);
    if (!isThere && !isWanted(id)) {
      if (isPlugged) {
        throw new StartException(
            "node %d has its network in the machine's since a start without cni-conf-dir, where plugins make that of another node: end it first (havn down)"
                .formatted(id.node()));
      }
      return RuncRuntime.open(making.settings(null));
    }
    try {
      ContainerRuntime opened = RuncRuntime.open(making.settings(uplink()));
      apart.put(id.node(), NodeNamespace.of(id));
      return opened;
    } catch (ContainerRuntime.StartException e) {
      if (isThere || isPlugged) {
        // Plugins would put its pods on the links of another node.
        throw e;
      }
      LOG.warn("node {} gets no network namespace", id.node(), e);
      problems.add(
          "node %d shares the machine's network, no network namespace can be made for it: %s"
              .formatted(id.node(), e.getMessage()));
      boolean unused = RuncRuntime.cleanUp(making.settings(null));
      return RuncRuntime.open(making.settings(null));
    }
  }

  private boolean isApart(NodeId id) {
    try {
      return isOneOfMore(id) && NodeNamespace.of(id).exists();
    } catch (IOException e) {
      throw unknown(id, e);
    }
  }

  private boolean isWanted(NodeId id) {
    try {
      return isOneOfMore(id)
          && configuration.network().nodes() == NetworkChoice.Nodes.NAMESPACE
          && !isBridge("hv" + id);
    } catch (IOException e) {
      throw unknown(id, e);
    }
  }

  /// Not the first one, nor the one of a process that has joined a cluster, whatever its number is.
  private boolean isOneOfMore(NodeId id) {
    return id.node() > 0 && id.node() < configuration.nodes();
  }

  private static StartException unknown(NodeId id, IOException e) {
    return new StartException("the network of node " + id.node() + ": " + e.getMessage(), e);
  }

  /// Of an earlier start that wanted no namespace; a node that has one has a link of this name,
  /// too.
  private static boolean isBridge(String link) throws IOException {
    return Links.names().contains(link)
        && !Program.must(List.of("ip", "-o", "link", "show", "dev", link, "type", "bridge"))
            .isBlank();
  }

  private Uplink uplink() {
    List<AddressRange> beyond = new ArrayList<>(configuration.pods().all());
    AddressRange services = configuration.services().first();
    beyond.add(AddressRange.parse(services.address(1) + "/" + services.family().bits()));
    return new Uplink(configuration.pods().ofNode(0).addresses(1), beyond);
  }
}
