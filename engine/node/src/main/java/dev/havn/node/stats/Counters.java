// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.kernel.CgroupCounters;
import dev.havn.node.kernel.CgroupReader;
import dev.havn.node.kernel.NetworkCounters;
import dev.havn.node.kernel.NetworkCounters.Link;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the kernel counts of a node, its pods and their containers, read when it is asked for.
///
/// @param namespace of the node's own network, null where it has the machine's
public record Counters(
    ContainerRuntime runtime,
    CgroupReader groups,
    NetworkCounters networks,
    @Nullable NetworkNamespace namespace) {
  private static final Logger LOG = LoggerFactory.getLogger(Counters.class);

  /// The thread that asks, wherever it has gone.
  private static final String OWN = "thread-self";

  /// What a kubelet shows first.
  private static final String FIRST = "eth0";

  public static Counters ofMachine(ContainerRuntime runtime, @Nullable NetworkNamespace namespace) {
    return new Counters(runtime, CgroupReader.ofMachine(), NetworkCounters.ofMachine(), namespace);
  }

  /// Of a container; of the pod for an empty id, of all pods when its uid is empty, too.
  Optional<CgroupCounters> of(String podUid, String containerId) {
    return runtime.cgroup(podUid, containerId).flatMap(groups::read);
  }

  Optional<CgroupCounters> ofMachine() {
    return groups.read("");
  }

  /// Links and the one that counts as the first, null when none does.
  record Network(List<Link> links, @Nullable Link first) {
    static final Network NONE = new Network(List.of(), null);
  }

  /// Of a pod whose containers have control groups, by any of their processes; one with the node's
  /// network shows the node's.
  Network ofPod(JsonNode pod) {
    for (Running each : Running.of(pod, runtime)) {
      for (long process :
          of(StaticPods.uid(pod), each.container().id())
              .map(CgroupCounters::processes)
              .orElse(List.of())) {
        List<Link> links = networks.links(String.valueOf(process));
        if (!links.isEmpty()) {
          return network(links, FIRST);
        }
      }
    }
    return Network.NONE;
  }

  Network ofNode() {
    if (namespace == null) {
      return own();
    }
    try {
      return namespace.inside("counters", this::own);
    } catch (IOException e) {
      LOG.warn("the network of a node is not counted: {}", e.getMessage());
      return Network.NONE;
    }
  }

  private Network own() {
    return network(networks.links(OWN), networks.byDefault(OWN).orElse(FIRST));
  }

  private static Network network(List<Link> links, String first) {
    return new Network(
        links, links.stream().filter(each -> each.name().equals(first)).findFirst().orElse(null));
  }
}
