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
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Watches over nodes by their leases: one that is silent for [#GRACE] is Unknown. A node that is
/// not Ready gets the taints that keep pods away and make them leave, and its pods are Ready no
/// longer; one that speaks again loses them.
public final class NodeLifecycle implements Reconciler {
  static final Duration GRACE = Duration.ofSeconds(50);

  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  private final Informer<Node> nodes;
  private final Informer<Lease> leases;
  private final NodePods onNodes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;

  public NodeLifecycle(
      Informer<Node> nodes,
      Informer<Lease> leases,
      Informer<Pod> pods,
      Api api,
      Events events,
      InstantSource clock) {
    this.nodes = nodes;
    this.leases = leases;
    this.onNodes = NodePods.of(pods);
    this.api = api;
    this.events = events;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null) {
      return Result.DONE;
    }
    String path = Api.path(Node.class, "", key.name());
    boolean silent = Duration.between(lastSign(node), clock.instant()).compareTo(GRACE) > 0;
    if (silent && !NodeTaints.readiness(node).equals("Unknown")) {
      markUnknown(node, path);
      // What follows from it is decided when the cache shows it.
      return Result.after(LOOK_EVERY);
    }
    taint(node, path);
    if (!NodeTaints.readiness(node).equals("True")) {
      onNodes.on(key.name()).stream()
          .filter(pod -> PodState.isReady(pod) && !PodState.isFinished(pod))
          .forEach(this::markNotReady);
    }
    return Result.after(LOOK_EVERY);
  }

  private Instant lastSign(Node node) {
    @Nullable Lease lease = leases.get("kube-node-lease", node.getMetadata().getName());
    if (lease != null && lease.getSpec() != null && lease.getSpec().getRenewTime() != null) {
      return lease.getSpec().getRenewTime().toInstant();
    }
    return Instant.parse(node.getMetadata().getCreationTimestamp());
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private void markUnknown(Node node, String path) {
    JsonNode status = api.toTree(node.getStatus());
    ArrayNode conditions = Api.object().putArray("conditions");
    boolean hasReady = false;
    for (JsonNode each : status.path("conditions")) {
      ObjectNode condition = each.deepCopy();
      hasReady |= condition.path("type").asText().equals("Ready");
      condition.put("status", "Unknown").put("reason", "NodeStatusUnknown");
      condition.put("message", "Kubelet stopped posting node status.");
      conditions.add(condition.put("lastTransitionTime", now()));
    }
    if (!hasReady) {
      conditions
          .addObject()
          .put("type", "Ready")
          .put("status", "Unknown")
          .put("reason", "NodeStatusNeverUpdated")
          .put("message", "Kubelet never posted node status.")
          .put("lastHeartbeatTime", node.getMetadata().getCreationTimestamp())
          .put("lastTransitionTime", now());
    }
    ObjectNode patch = Api.object();
    patch.putObject("status").set("conditions", conditions);
    api.merge(path + "/status", patch);
    String name = node.getMetadata().getName();
    events.normal(node, "NodeNotReady", "Node " + name + " status is now: NodeNotReady");
  }

  private void taint(Node node, String path) {
    List<Taint> wanted = NodeTaints.wanted(node, clock.instant());
    if (!wanted.equals(node.getSpec().getTaints())) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").put("resourceVersion", node.getMetadata().getResourceVersion());
      patch.putObject("spec").set("taints", wanted.isEmpty() ? null : api.toTree(wanted));
      api.merge(path, patch);
    }
  }

  private void markNotReady(Pod pod) {
    ArrayNode conditions = Api.object().putArray("conditions");
    for (JsonNode each : api.toTree(pod.getStatus().getConditions())) {
      ObjectNode condition = each.deepCopy();
      if (condition.path("type").asText().equals("Ready")) {
        condition.put("status", "False").put("lastTransitionTime", now());
      }
      conditions.add(condition);
    }
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    patch.putObject("status").set("conditions", conditions);
    api.merge(podPath(pod) + "/status", patch);
    events.warning(pod, "NodeNotReady", "Node is not ready");
  }

  static String podPath(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }
}
