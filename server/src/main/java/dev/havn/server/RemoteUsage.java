// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler.Key;
import dev.havn.reconcile.Reconciler.Result;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The figures of nodes in other processes, from what their `stats/summary` said last: each is
/// asked every 15 seconds, as metrics-server does. Nothing is known of one that does not answer.
///
/// A node may be Ready and yet let nobody in, behind a firewall that drops packets, and so may many
/// be. Each of them takes a place among those that are asked as long as its [Source] waits; there
/// are places for [#ASKED_AT_ONCE], so that others are asked in time nevertheless.
///
/// A node is believed no more than it can know: what it says of pods that are not its own, or at
/// other times than now, is passed over, and so are amounts that no machine has. The trees of what
/// is read are many times as large as the text, so [#READ_AT_ONCE] are.
final class RemoteUsage implements AutoCloseable {
  static final int ASKED_AT_ONCE = 64;
  static final Duration EVERY = Duration.ofSeconds(15);
  static final int READ_AT_ONCE = 2;

  /// What a container or node uses: more than nine million processors, or 8 PiB, nothing has. Every
  /// client reads such numbers exactly.
  static final long AMOUNT_MAX = 1L << 53;

  /// How far the clocks of machines may be apart.
  static final Duration CLOCKS_APART_MAX = Duration.ofMinutes(5);

  private static final ObjectReader JSON = new ObjectMapper().reader();
  private static final Logger LOG = LoggerFactory.getLogger(RemoteUsage.class);

  private final Informer<Node> nodes;
  private final Informer<Pod> pods;
  private final Source source;
  private final InstantSource clock;
  private final Semaphore readers = new Semaphore(READ_AT_ONCE);
  private final Set<String> own;
  private final Controller controller;
  private final Map<String, Said> byNode = new ConcurrentHashMap<>();

  /// Those that should answer and do not, so that it is told once.
  private final Set<String> silent = ConcurrentHashMap.newKeySet();

  /// The way to the nodes.
  @FunctionalInterface
  interface Source {
    /// What a node's `stats/summary` says, in JSON; waits less than [#EVERY].
    ///
    /// @throws IOException when it does not answer, or with something else
    byte[] summary(String node) throws IOException;
  }

  /// What a node said.
  ///
  /// @param pods by uid; those that it has measured
  record Said(Optional<NodeFigures> node, Map<String, PodFigures> pods) {}

  /// @param own nodes of this process, which are not asked
  RemoteUsage(Informers informers, Source source, Set<String> own, World world) {
    this.nodes = informers.of(Node.class);
    this.pods = informers.of(Pod.class);
    this.clock = world.clock();
    this.source = source;
    this.own = own;
    this.controller =
        new Controller(
            "remote-usage", this::ask, world.clock(), world.executor(), ASKED_AT_ONCE, EVERY);
    controller.awaits(nodes::whenSynced);
    controller.awaits(pods::whenSynced);
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
      byNode.put(name, read(name, source.summary(name)));
      answers = true;
    } catch (IOException e) {
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

  private Said read(String name, byte[] summary) throws IOException {
    readers.acquireUninterruptibly();
    try {
      return said(name, JSON.readTree(summary));
    } catch (JsonProcessingException e) {
      throw new IOException("what it says is no JSON", e);
    } finally {
      readers.release();
    }
  }

  private Said said(String name, JsonNode summary) throws IOException {
    JsonNode node = summary.path("node");
    requireNow(node);
    Map<String, PodFigures> figures = new HashMap<>();
    for (JsonNode each : summary.path("pods")) {
      JsonNode of = each.path("podRef");
      @Nullable Pod pod = pods.get(of.path("namespace").asText(), of.path("name").asText());
      if (pod != null
          && name.equals(pod.getSpec().getNodeName())
          && of.path("uid").asText().equals(pod.getMetadata().getUid())) {
        figures(pod, each).ifPresent(said -> figures.put(pod.getMetadata().getUid(), said));
      }
    }
    return new Said(measuredAt(node).map(at -> new NodeFigures(at, EVERY, amount(node))), figures);
  }

  /// A clock that goes wrong is told of: without it the node has no figures.
  private void requireNow(JsonNode node) throws IOException {
    JsonNode time = node.path("cpu").path("time");
    if (time.isTextual() && at(time.asText()).isEmpty()) {
      throw new IOException(
          "its time is \"%s\", which is no time within %d minutes of this machine's: look at the clocks"
              .formatted(beginning(time.asText()), CLOCKS_APART_MAX.toMinutes()));
    }
  }

  private static String beginning(String text) {
    return text.substring(0, Math.min(text.length(), 40));
  }

  /// The time of a pod's figures is that of the oldest of them.
  private Optional<PodFigures> figures(Pod pod, JsonNode said) {
    Set<String> names = containers(pod);
    Map<String, Amount> amounts = new LinkedHashMap<>();
    @Nullable Instant oldest = null;
    for (JsonNode container : said.path("containers")) {
      Optional<Instant> at = measuredAt(container);
      String name = container.path("name").asText();
      if (at.isPresent() && names.contains(name)) {
        amounts.put(name, amount(container));
        oldest = oldest == null || at.get().isBefore(oldest) ? at.get() : oldest;
      }
    }
    return oldest == null ? Optional.empty() : Optional.of(new PodFigures(oldest, EVERY, amounts));
  }

  private static Set<String> containers(Pod pod) {
    Set<String> names = new HashSet<>();
    for (Container each : pod.getSpec().getContainers()) {
      names.add(each.getName());
    }
    for (Container each : pod.getSpec().getInitContainers()) {
      names.add(each.getName());
    }
    pod.getSpec().getEphemeralContainers().forEach(each -> names.add(each.getName()));
    return names;
  }

  /// When it was; empty for what is not measured, or cannot be so.
  private Optional<Instant> measuredAt(JsonNode of) {
    boolean measured =
        isAmount(of.path("cpu").path("usageNanoCores"))
            && isAmount(of.path("memory").path("workingSetBytes"));
    return measured ? at(of.path("cpu").path("time").asText()) : Optional.empty();
  }

  private static boolean isAmount(JsonNode number) {
    return number.isIntegralNumber()
        && number.canConvertToLong()
        && number.asLong() >= 0
        && number.asLong() <= AMOUNT_MAX;
  }

  private static Amount amount(JsonNode of) {
    return new Amount(
        of.path("cpu").path("usageNanoCores").asLong(),
        of.path("memory").path("workingSetBytes").asLong());
  }

  /// Empty when it is no time, or far from now.
  private Optional<Instant> at(String text) {
    try {
      Instant at = Instant.parse(text);
      Instant now = clock.instant();
      boolean near =
          at.isAfter(now.minus(CLOCKS_APART_MAX)) && at.isBefore(now.plus(CLOCKS_APART_MAX));
      return near ? Optional.of(at) : Optional.empty();
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
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

  /// The pods, by uid, of which a node has said something.
  Set<String> known(String node) {
    return said(node).map(each -> each.pods().keySet()).orElse(Set.of());
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
