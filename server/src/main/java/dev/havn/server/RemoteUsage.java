// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler.Key;
import dev.havn.reconcile.Reconciler.Result;
import io.fabric8.kubernetes.api.model.Node;
import java.io.IOException;
import java.time.DateTimeException;
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
///
/// A node may be Ready and yet let nobody in, behind a firewall that drops packets, and so may many
/// be. Each of them takes a place among those that are asked as long as its [Source] waits; there
/// are places for [#ASKED_AT_ONCE], so that others are asked in time nevertheless.
final class RemoteUsage implements AutoCloseable {
  static final int ASKED_AT_ONCE = 64;
  static final Duration EVERY = Duration.ofSeconds(15);
  private static final Logger LOG = LoggerFactory.getLogger(RemoteUsage.class);

  private final Informer<Node> nodes;
  private final Source source;
  private final Set<String> own;
  private final Controller controller;
  private final Map<String, Said> byNode = new ConcurrentHashMap<>();

  /// Those that should answer and do not, so that it is told once.
  private final Set<String> silent = ConcurrentHashMap.newKeySet();

  /// The way to the nodes.
  @FunctionalInterface
  interface Source {
    /// What a node's `stats/summary` says; waits less than [#EVERY].
    ///
    /// @throws IOException when it does not answer, or with something else
    JsonNode summary(String node) throws IOException;
  }

  /// What a node said.
  ///
  /// @param pods by uid; those that it has measured
  record Said(Optional<NodeFigures> node, Map<String, PodFigures> pods) {}

  /// @param own nodes of this process, which are not asked
  RemoteUsage(Informers informers, Source source, Set<String> own, World world) {
    this.nodes = informers.of(Node.class);
    this.source = source;
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
      silent.remove(name);
      return Result.DONE;
    }
    boolean answers = false;
    try {
      byNode.put(name, read(source.summary(name)));
      answers = true;
    } catch (IOException | DateTimeException e) {
      if (silent.add(name)) {
        LOG.warn(
            "no figures of node {}, which is asked every {} s: {}",
            name,
            EVERY.toSeconds(),
            e.getMessage());
      }
    } finally {
      if (!answers) {
        byNode.remove(name);
      }
    }
    if (answers && silent.remove(name)) {
      LOG.info("node {} tells its figures again", name);
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

  /// Who waits to be asked, and how long it takes.
  Controller.Counts counts() {
    return controller.counts();
  }

  @Override
  public void close() {
    controller.close();
  }
}
