// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler.Key;
import dev.havn.reconcile.Reconciler.Result;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The figures of nodes in other processes, from what their `stats/summary` said last: each is
/// asked every 15 seconds, as metrics-server does. Nothing is known of one that does not answer.
final class RemoteUsage implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteUsage.class);
  private static final Duration EVERY = Duration.ofSeconds(15);
  private static final int ASKED_AT_ONCE = 8;

  private final Informer<Node> nodes;
  private final Api api;
  private final Set<String> own;
  private final Controller controller;
  private final Map<String, Said> byNode = new ConcurrentHashMap<>();

  /// What a node said.
  ///
  /// @param pods by uid; those that it has measured
  record Said(Optional<NodeFigures> node, Map<String, PodFigures> pods) {}

  /// @param api that reaches all nodes
  /// @param own nodes of this process, which are not asked
  RemoteUsage(Informers informers, Api api, Set<String> own, World world) {
    this.nodes = informers.of(Node.class);
    this.api = api;
    this.own = own;
    this.controller =
        new Controller(
            "remote-usage", this::ask, world.clock(), world.executor(), ASKED_AT_ONCE, EVERY);
    controller.awaits(nodes::whenSynced);
    nodes.onChange(this::changed);
    nodes.list().forEach(each -> changed(null, each));
  }

  private void changed(@Nullable Node before, @Nullable Node after) {
    @Nullable Node node = after == null ? before : after;
    boolean counts = before == null || after == null || mayBeAsked(before) != mayBeAsked(after);
    if (node != null && counts && !own.contains(node.getMetadata().getName())) {
      controller.add(Informer.keyOf(node));
    }
  }

  /// Whether it is Ready and says where it answers: a node may also be nothing but an object.
  private static boolean mayBeAsked(Node node) {
    return node.getStatus() != null
        && node.getStatus().getDaemonEndpoints() != null
        && node.getStatus().getDaemonEndpoints().getKubeletEndpoint() != null
        && node.getStatus().getConditions().stream()
            .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }

  private Result ask(Key key) {
    String name = key.name();
    @Nullable Node node = nodes.get("", name);
    if (node == null || !mayBeAsked(node)) {
      byNode.remove(name);
      return Result.DONE;
    }
    boolean answers = false;
    try {
      byNode.put(name, read(api.get(Api.path(Node.class, "", name) + "/proxy/stats/summary")));
      answers = true;
    } catch (Api.RefusedException e) {
      LOG.debug("no figures of node {}: {}", name, e.getMessage());
    } finally {
      if (!answers) {
        byNode.remove(name);
      }
    }
    return Result.after(EVERY);
  }

  static Said read(JsonNode summary) {
    Map<String, PodFigures> pods = new HashMap<>();
    for (JsonNode pod : summary.path("pods")) {
      Map<String, Amount> amounts = new LinkedHashMap<>();
      @Nullable Instant oldest = null;
      for (JsonNode container : pod.path("containers")) {
        if (isMeasured(container)) {
          amounts.put(container.path("name").asText(), amount(container));
          Instant at = at(container);
          oldest = oldest == null || at.isBefore(oldest) ? at : oldest;
        }
      }
      if (oldest != null) {
        pods.put(pod.path("podRef").path("uid").asText(), new PodFigures(oldest, EVERY, amounts));
      }
    }
    JsonNode node = summary.path("node");
    return new Said(
        isMeasured(node)
            ? Optional.of(new NodeFigures(at(node), EVERY, amount(node)))
            : Optional.empty(),
        pods);
  }

  private static boolean isMeasured(JsonNode of) {
    return of.path("cpu").path("usageNanoCores").isNumber()
        && of.path("memory").path("workingSetBytes").isNumber();
  }

  private static Amount amount(JsonNode of) {
    return new Amount(
        of.path("cpu").path("usageNanoCores").asLong(),
        of.path("memory").path("workingSetBytes").asLong());
  }

  private static Instant at(JsonNode of) {
    return Instant.parse(of.path("cpu").path("time").asText());
  }

  Optional<PodFigures> ofPod(ObjectNode pod) {
    return said(pod.path("spec").path("nodeName").asText(""))
        .map(each -> each.pods().get(pod.path("metadata").path("uid").asText()));
  }

  Optional<NodeFigures> ofNode(String node) {
    return said(node).flatMap(Said::node);
  }

  private Optional<Said> said(String node) {
    return Optional.ofNullable(byNode.get(node));
  }

  @Override
  public void close() {
    controller.close();
  }
}
