// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.PodStatusOf.Ending;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// Which pods have their place on a node, and their ports of the machine. Threads: any, one at a
/// time for each pod.
final class NodePlaces {
  private final Sources sources;
  private final HostPorts ports = new HostPorts();

  /// Uids; those that have begun are not all among them.
  private final Set<String> holders = ConcurrentHashMap.newKeySet();

  /// Where it is known from what is to be placed, and where.
  ///
  /// @param node as the API has it now: a label that is older than a pod must count. Empty when
  ///   somebody deleted it and it is about to come back
  /// @param pods of the node
  /// @param given a pod with what it has in place of what it asks for
  /// @param runs whether a pod, by its uid, has containers
  /// @param ofPlugins whether plugins count a resource
  record Sources(
      Supplier<Optional<Node>> node,
      Supplier<List<Pod>> pods,
      UnaryOperator<Pod> given,
      Predicate<String> runs,
      Predicate<String> ofPlugins) {}

  NodePlaces(Sources sources) {
    this.sources = sources;
  }

  /// Gives a pod its place, once, or says why not. Those that have begun keep it, whatever became
  /// of the node: a restart of the node is to end no pod. A kubelet of 1.36 looks at them anew, and
  /// ends those that do not suit it any more.
  Optional<Ending> take(Pod pod) {
    String uid = pod.getMetadata().getUid();
    if (holders.contains(uid)) {
      return Optional.empty();
    }
    if (PodAdmission.hasBegun(pod) || sources.runs().test(uid)) {
      holders.add(uid);
      return ports(pod);
    }
    Optional<Node> node = sources.node().get();
    return node.isEmpty() ? ports(pod) : take(pod, node.get());
  }

  private Optional<Ending> ports(Pod pod) {
    return ports.take(pod, sources.pods().get());
  }

  private synchronized Optional<Ending> take(Pod pod, Node node) {
    String uid = pod.getMetadata().getUid();
    List<Pod> others =
        sources.pods().get().stream()
            .filter(each -> !each.getMetadata().getUid().equals(uid) && holds(each))
            .map(sources.given())
            .toList();
    Optional<Ending> refusal =
        new NodePredicates(node, others, sources.ofPlugins(), this::ports).refusal(pod);
    if (refusal.isEmpty()) {
      holders.add(uid);
    } else {
      ports.release(uid);
    }
    return refusal;
  }

  /// A pod that ends has its place until the API shows that it is over. So the scheduler counts,
  /// and what it chose fits: the node hears of ends and of new pods in the order in which the
  /// scheduler did.
  private boolean holds(Pod pod) {
    return !PodStatusOf.isOver(pod)
        && (holders.contains(pod.getMetadata().getUid()) || PodAdmission.hasBegun(pod));
  }

  /// Forgets a pod that is gone, or was turned away for something else.
  void release(String uid) {
    holders.remove(uid);
    ports.release(uid);
  }
}
