// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Watches over nodes by their leases: one that is silent for [#GRACE] is Unknown and gets the
/// taints that keep pods away; one that speaks again loses them.
final class NodeLifecycle implements Reconciler {
  static final Duration GRACE = Duration.ofSeconds(50);

  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);
  private static final String UNREACHABLE = "node.kubernetes.io/unreachable";
  private static final String NOT_READY = "node.kubernetes.io/not-ready";
  private static final Set<String> OWN = Set.of(UNREACHABLE, NOT_READY);

  private final Informer<Node> nodes;
  private final Informer<Lease> leases;
  private final Api api;
  private final InstantSource clock;

  NodeLifecycle(Informer<Node> nodes, Informer<Lease> leases, Api api, InstantSource clock) {
    this.nodes = nodes;
    this.leases = leases;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null) {
      return Result.DONE;
    }
    if (!leases.hasSynced()) {
      return Result.after(Duration.ofMillis(100));
    }
    boolean silent = Duration.between(lastSign(node), clock.instant()).compareTo(GRACE) > 0;
    String path = Api.path(Node.class, "", key.name());
    if (silent) {
      markUnknown(node, path);
    }
    String ready = readiness(node);
    String taint =
        silent || ready.equals("Unknown") ? UNREACHABLE : ready.equals("False") ? NOT_READY : "";
    taint(node, path, silent ? UNREACHABLE : taint);
    return Result.after(LOOK_EVERY);
  }

  private Instant lastSign(Node node) {
    @Nullable Lease lease = leases.get("kube-node-lease", node.getMetadata().getName());
    if (lease != null && lease.getSpec() != null && lease.getSpec().getRenewTime() != null) {
      return lease.getSpec().getRenewTime().toInstant();
    }
    return Instant.parse(node.getMetadata().getCreationTimestamp());
  }

  private static String readiness(Node node) {
    return node.getStatus().getConditions().stream()
        .filter(condition -> condition.getType().equals("Ready"))
        .map(condition -> condition.getStatus())
        .findFirst()
        .orElse("Unknown");
  }

  private void markUnknown(Node node, String path) {
    if (readiness(node).equals("Unknown")) {
      return;
    }
    JsonNode status = api.toTree(node.getStatus());
    ArrayNode conditions = Api.object().putArray("conditions");
    for (JsonNode each : status.path("conditions")) {
      ObjectNode condition = each.deepCopy();
      condition.put("status", "Unknown").put("reason", "NodeStatusUnknown");
      condition.put("message", "Kubelet stopped posting node status.");
      condition.put(
          "lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
      conditions.add(condition);
    }
    ObjectNode patch = Api.object();
    patch.putObject("status").set("conditions", conditions);
    api.merge(path + "/status", patch);
  }

  /// Makes the taints of this controller those of `wanted`, or none when it is empty.
  private void taint(Node node, String path, String wanted) {
    ArrayNode taints = Api.object().putArray("taints");
    boolean changes = false;
    boolean has = false;
    for (JsonNode each : api.toTree(node.getSpec()).path("taints")) {
      String key = each.path("key").asText();
      if (!OWN.contains(key)) {
        taints.add(each);
      } else if (key.equals(wanted)) {
        has = true;
        taints.add(each);
      } else {
        changes = true;
      }
    }
    if (!wanted.isEmpty() && !has) {
      changes = true;
      String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
      taints.addObject().put("key", wanted).put("effect", "NoSchedule").put("timeAdded", now);
      taints.addObject().put("key", wanted).put("effect", "NoExecute").put("timeAdded", now);
    }
    if (changes) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").put("resourceVersion", node.getMetadata().getResourceVersion());
      patch.putObject("spec").set("taints", taints);
      api.merge(path, patch);
    }
  }
}
