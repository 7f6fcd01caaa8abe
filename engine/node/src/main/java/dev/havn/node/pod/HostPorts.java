// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.cni.Sandbox;
import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.runtime.ContainerRuntime.Wishes;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Who has which of the node's ports. The scheduler does not put two pods with the same one on a
/// node, but a pod that names its node has never met it. Threads: any.
final class HostPorts {
  private static final String ANY = "0.0.0.0";
  private static final Ending TAKEN =
      new Ending(
          "NodePorts",
          "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");

  private final Set<String> holders = new HashSet<>();

  /// Gives a pod its ports, or says why not, in the kubelet's words. Those who have begun keep
  /// theirs.
  ///
  /// @param all pods of the node
  synchronized Optional<Ending> take(Pod pod, List<Pod> all) {
    String uid = pod.getMetadata().getUid();
    if (holders.contains(uid) || ports(pod).findAny().isEmpty()) {
      return Optional.empty();
    }
    boolean isTaken =
        !PodAdmission.hasBegun(pod)
            && all.stream()
                .filter(each -> !each.getMetadata().getUid().equals(uid) && holds(each))
                .flatMap(HostPorts::ports)
                .anyMatch(theirs -> ports(pod).anyMatch(own -> collide(own, theirs)));
    if (isTaken) {
      return Optional.of(TAKEN);
    }
    holders.add(uid);
    return Optional.empty();
  }

  /// Forgets a pod that is gone.
  synchronized void release(String uid) {
    holders.remove(uid);
  }

  private boolean holds(Pod pod) {
    return !PodStatusOf.isOver(phase(pod))
        && (holders.contains(pod.getMetadata().getUid()) || PodAdmission.hasBegun(pod));
  }

  private static String phase(Pod pod) {
    return pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
  }

  private static Stream<ContainerPort> ports(Pod pod) {
    return Stream.concat(
            pod.getSpec().getContainers().stream(),
            pod.getSpec().getInitContainers().stream()
                .filter(each -> "Always".equals(each.getRestartPolicy())))
        .flatMap(container -> container.getPorts().stream())
        .filter(port -> port.getHostPort() != null && port.getHostPort() > 0);
  }

  /// What a pod wants of those who make its network.
  ///
  /// @param dns what its `resolv.conf` says
  static Wishes wishes(Pod pod, Supplier<Sandbox.Dns> dns) {
    List<Sandbox.Port> ports =
        ports(pod)
            .map(
                each ->
                    new Sandbox.Port(
                        or(each.getProtocol(), "TCP"),
                        each.getHostPort(),
                        each.getContainerPort(),
                        or(each.getHostIP(), "")))
            .toList();
    return new Wishes(
        ports, Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), Map.of()), dns);
  }

  private static boolean collide(ContainerPort one, ContainerPort other) {
    String here = or(one.getHostIP(), ANY);
    String there = or(other.getHostIP(), ANY);
    return one.getHostPort().equals(other.getHostPort())
        && or(one.getProtocol(), "TCP").equals(or(other.getProtocol(), "TCP"))
        && (here.equals(there) || here.equals(ANY) || there.equals(ANY));
  }

  private static String or(@Nullable String text, String otherwise) {
    return text == null || text.isEmpty() ? otherwise : text;
  }
}
