// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a DaemonSet wants to do next, computed from what is seen. First every node that takes the
/// daemon gets one pod, and the others none; only when nothing of that is left to do an update goes
/// on.
///
/// @param create nodes that get a pod
/// @param delete pods that go
/// @param replaced nodes whose failed pod is among them
/// @param notes what is told in events
/// @param again when to look again although nothing happened
record DaemonPlan(
    List<String> create,
    List<Pod> delete,
    List<String> replaced,
    List<Note> notes,
    DaemonStatus status,
    @Nullable Duration again) {

  /// What is seen.
  ///
  /// @param pods of the set
  /// @param hash of the template as it stands
  /// @param backoff how long the failed pod of a node has to stay, zero for no longer
  record Observed(
      Desired desired,
      List<Node> nodes,
      List<Pod> pods,
      String hash,
      Function<String, Duration> backoff,
      Instant now) {
    boolean isAvailable(Pod pod) {
      return PodState.isAvailable(pod, desired.minReady(), now);
    }
  }

  /// An event.
  record Note(boolean isWarning, String reason, String message) {}

  static DaemonPlan of(Observed seen) {
    Map<String, List<Pod>> byNode = DaemonPods.byNode(seen.pods());
    Placement placement = new Placement(seen, byNode);
    List<Node> nodes =
        seen.nodes().stream()
            .sorted(Comparator.comparing(node -> node.getMetadata().getName()))
            .toList();
    nodes.forEach(placement::place);
    List<Pod> delete = new ArrayList<>(placement.delete);
    delete.addAll(ofNoNode(seen, byNode));
    List<String> create = placement.create;
    if (create.isEmpty() && delete.isEmpty() && seen.desired().isRolling()) {
      RollingUpdate.Changes changes = RollingUpdate.next(seen, byNode);
      create = changes.create();
      delete.addAll(changes.delete());
    }
    return new DaemonPlan(
        create,
        delete,
        placement.replaced,
        placement.notes,
        DaemonStatus.of(seen, byNode),
        again(seen, placement));
  }

  /// Pods for nodes that are gone: no scheduler can place them, no collector finds them.
  private static List<Pod> ofNoNode(Observed seen, Map<String, List<Pod>> byNode) {
    Set<String> names = new HashSet<>();
    seen.nodes().forEach(node -> names.add(node.getMetadata().getName()));
    return byNode.entrySet().stream()
        .filter(each -> !names.contains(each.getKey()))
        .flatMap(each -> each.getValue().stream())
        .filter(pod -> !DaemonPods.isOnNode(pod) && !PodState.isTerminating(pod))
        .toList();
  }

  private static @Nullable Duration again(Observed seen, Placement placement) {
    Stream<Duration> available =
        seen.pods().stream()
            .filter(pod -> !seen.isAvailable(pod))
            .flatMap(pod -> PodState.readySince(pod).stream())
            .map(since -> Duration.between(seen.now(), since.plus(seen.desired().minReady())));
    return Stream.concat(available, placement.waits.stream()).min(Duration::compareTo).orElse(null);
  }

  /// Gathers what nodes need.
  private static final class Placement {
    private final Observed seen;
    private final Map<String, List<Pod>> byNode;
    private final List<String> create = new ArrayList<>();
    private final List<Pod> delete = new ArrayList<>();
    private final List<String> replaced = new ArrayList<>();
    private final List<Note> notes = new ArrayList<>();
    private final List<Duration> waits = new ArrayList<>();

    Placement(Observed seen, Map<String, List<Pod>> byNode) {
      this.seen = seen;
      this.byNode = byNode;
    }

    void place(Node node) {
      String name = node.getMetadata().getName();
      NodeFit fit = NodeFit.of(seen.desired(), node);
      @Nullable List<Pod> pods = byNode.get(name);
      if (pods == null) {
        if (fit.runs()) {
          create.add(name);
        }
        return;
      }
      List<Pod> staying = pods.stream().filter(pod -> !PodState.isTerminating(pod)).toList();
      if (!fit.stays()) {
        delete.addAll(staying);
        return;
      }
      List<Pod> running =
          staying.stream()
              .filter(pod -> !isEnded(pod, name))
              .sorted(DaemonPods.OLDEST_FIRST)
              .toList();
      if (!seen.desired().surges()) {
        running.stream().skip(1).forEach(delete::add);
      } else if (running.isEmpty()) {
        if (fit.runs()) {
          create.add(name);
        }
      } else {
        pair(running);
      }
    }

    /// Whether a pod has ended, which is to be replaced.
    private boolean isEnded(Pod pod, String node) {
      String what = pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
      if (PodState.phase(pod).equals("Failed")) {
        Duration wait = seen.backoff().apply(node);
        if (wait.isPositive()) {
          waits.add(wait);
          return true;
        }
        replaced.add(node);
        notes.add(
            new Note(
                true,
                "FailedDaemonPod",
                "Found failed daemon pod %s on node %s, will try to kill it"
                    .formatted(what, node)));
        delete.add(pod);
        return true;
      }
      if (PodState.phase(pod).equals("Succeeded")) {
        notes.add(
            new Note(
                false,
                "SucceededDaemonPod",
                "Found succeeded daemon pod %s on node %s, will try to delete it"
                    .formatted(what, node)));
        delete.add(pod);
        return true;
      }
      return false;
    }

    /// Of several pods on a node the oldest new one stays, and beside it the oldest of the others
    /// while that is ready and the new one not available yet.
    private void pair(List<Pod> running) {
      @Nullable Pod fresh = null;
      @Nullable Pod old = null;
      for (Pod pod : running) {
        boolean isFresh = DaemonPods.revision(pod).equals(seen.hash());
        if (isFresh && fresh == null) {
          fresh = pod;
        } else if (!isFresh && old == null) {
          old = pod;
        } else {
          delete.add(pod);
        }
      }
      if (fresh != null && old != null && (!PodState.isReady(old) || seen.isAvailable(fresh))) {
        delete.add(old);
      }
    }
  }
}
