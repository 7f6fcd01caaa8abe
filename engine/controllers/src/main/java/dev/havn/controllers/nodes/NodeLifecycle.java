// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Watches over nodes by what they say: one that is silent for too long is Unknown, and its pods
/// are Ready no longer. A node that is not Ready gets the taints that keep pods away and, as
/// [Zones] allow, make them leave; one that speaks again loses them.
public final class NodeLifecycle implements Reconciler {
  /// What a node says of itself; other conditions are for others to keep.
  private static final List<String> OF_KUBELET =
      List.of("Ready", "MemoryPressure", "DiskPressure", "PIDPressure");

  /// By the old name.
  private static final Map<String, String> OLD_LABELS =
      Map.of(
          "beta.kubernetes.io/os", "kubernetes.io/os",
          "beta.kubernetes.io/arch", "kubernetes.io/arch");

  private static final String LEASES = "kube-node-lease";

  private final Informer<Node> nodes;
  private final Informer<Lease> leases;
  private final NodeSigns signs = new NodeSigns();
  private final NodePods onNodes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final NodeOptions options;

  /// When the next node of a zone may lose its pods.
  private final Map<String, Instant> next = new HashMap<>();

  private final ZoneCounts zones = new ZoneCounts();

  public NodeLifecycle(
      Informer<Node> nodes,
      Informer<Lease> leases,
      Informer<Pod> pods,
      Api api,
      Events events,
      InstantSource clock,
      NodeOptions options) {
    this.nodes = nodes;
    this.leases = leases;
    this.onNodes = NodePods.of(pods);
    this.api = api;
    this.events = events;
    this.clock = clock;
    this.options = options;
    nodes.onChange(zones::changed);
  }

  /// After a time without the lead: what nodes said then was not heard.
  public void forget() {
    signs.forget();
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null) {
      signs.forget(key.name());
      return Result.DONE;
    }
    String path = Api.path(Node.class, "", key.name());
    Instant heard = signs.heard(node, leases.get(LEASES, key.name()), clock.instant());
    boolean silent =
        Duration.between(heard, clock.instant())
                .compareTo(NodeTaints.hasReadiness(node) ? options.grace() : options.start())
            > 0;
    if (silent && markUnknown(node, path)) {
      // What follows from it is decided when the cache shows it.
      return Result.after(options.lookEvery());
    }
    write(node, path);
    if (silent) {
      onNodes.on(key.name()).stream()
          .filter(pod -> PodState.isReady(pod) && !PodState.isFinished(pod))
          .forEach(this::markNotReady);
    }
    return Result.after(options.lookEvery());
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// @return whether the node was not Unknown before
  private boolean markUnknown(Node node, String path) {
    ArrayNode conditions = Api.object().putArray("conditions");
    Set<String> missing = new LinkedHashSet<>(OF_KUBELET);
    boolean changed = false;
    for (JsonNode each : api.toTree(node.getStatus()).path("conditions")) {
      ObjectNode condition = each.deepCopy();
      boolean isOurs = missing.remove(condition.path("type").asText());
      if (isOurs && !condition.path("status").asText().equals("Unknown")) {
        unknown(condition, "NodeStatusUnknown", "Kubelet stopped posting node status.");
        changed = true;
      }
      conditions.add(condition);
    }
    for (String type : missing) {
      ObjectNode condition = conditions.addObject().put("type", type);
      condition.put("lastHeartbeatTime", node.getMetadata().getCreationTimestamp());
      unknown(condition, "NodeStatusNeverUpdated", "Kubelet never posted node status.");
    }
    if (!changed && missing.isEmpty()) {
      return false;
    }
    // In their order, so all of them; refused when the node speaks just now, or others write
    // theirs.
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("resourceVersion", node.getMetadata().getResourceVersion());
    patch.putObject("status").set("conditions", conditions);
    api.merge(path + "/status", patch);
    if (NodeTaints.readiness(node).equals("True")) {
      String name = node.getMetadata().getName();
      events.normal(node, "NodeNotReady", "Node " + name + " status is now: NodeNotReady");
    }
    return true;
  }

  private void unknown(ObjectNode condition, String reason, String message) {
    condition.put("status", "Unknown").put("reason", reason).put("message", message);
    condition.put("lastTransitionTime", now());
  }

  /// Labels of old names say what those of new names do; taints, what the conditions do. What has
  /// changed meanwhile comes again by its change.
  private void write(Node node, String path) {
    ObjectNode patch = Api.object();
    oldLabels(node)
        .forEach(
            (label, value) ->
                patch
                    .withObjectProperty("metadata")
                    .withObjectProperty("labels")
                    .put(label, value));
    List<Taint> wanted = NodeTaints.wanted(node, sendsAway(node), clock.instant());
    if (!wanted.equals(node.getSpec().getTaints())) {
      patch
          .withObjectProperty("metadata")
          .put("resourceVersion", node.getMetadata().getResourceVersion());
      patch.putObject("spec").set("taints", wanted.isEmpty() ? null : api.toTree(wanted));
    }
    if (patch.isEmpty()) {
      return;
    }
    try {
      api.merge(path, patch);
    } catch (Api.RefusedException e) {
      if (!e.isStale()) {
        throw e;
      }
    }
  }

  private static Map<String, String> oldLabels(Node node) {
    @Nullable Map<String, String> labels = node.getMetadata().getLabels();
    Map<String, String> missing = new TreeMap<>();
    if (labels != null) {
      OLD_LABELS.forEach(
          (old, label) -> {
            @Nullable String said = labels.get(label);
            if (said != null && !said.equals(labels.get(old))) {
              missing.put(old, said);
            }
          });
    }
    return missing;
  }

  /// Whether pods are to leave a node that does not work: one node of a zone after the other.
  private boolean sendsAway(Node node) {
    if (NodeTaints.reason(node) == null) {
      return false;
    }
    Zones now = zones.now();
    if (now.areAllLost()) {
      return false;
    }
    if (NodeTaints.sendsAway(node)) {
      return true;
    }
    String zone = Zones.nameOf(node);
    return now.pause(zone, options.rates()).filter(pause -> isNext(zone, pause)).isPresent();
  }

  private boolean isNext(String zone, Duration pause) {
    Instant at = clock.instant();
    synchronized (next) {
      if (at.isBefore(next.getOrDefault(zone, Instant.MIN))) {
        return false;
      }
      next.put(zone, at.plus(pause));
      return true;
    }
  }

  /// One condition alone, by its type: the node may be writing others at the same time.
  private void markNotReady(Pod pod) {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "Ready")
        .put("status", "False")
        .put("lastTransitionTime", now());
    api.patchStrategic(podPath(pod) + "/status", patch);
    events.warning(pod, "NodeNotReady", "Node is not ready");
  }

  static String podPath(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }
}
