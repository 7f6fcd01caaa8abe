// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageCollector.Problem;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.pod.Machine;
import dev.havn.node.pod.PodReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Sees to it, again and again, that pods do not use more than they may, nor than the node has, and
/// that images which nobody uses do not fill its disk. Not with the lease, which cannot wait for a
/// slow disk.
final class Upkeep {
  private static final Duration EVERY = Duration.ofSeconds(10);
  private static final Duration RUNTIME_EVERY = Duration.ofSeconds(5);
  private static final Duration COLLECT_EVERY = Duration.ofMinutes(5);

  private final dev.havn.node.Node.Settings settings;
  private final Api api;
  private final Events events;
  private final PodReconciler reconciler;
  private final NodeConditions conditions;
  private final Supplier<List<String>> problems;
  private final BoundPods pods;
  private final Excesses excesses;
  private @Nullable ArrayNode shownImages;
  private boolean isFailing;

  Upkeep(
      dev.havn.node.Node.Settings settings,
      Api api,
      Events events,
      PodReconciler reconciler,
      NodeConditions conditions,
      Supplier<List<String>> problems,
      BoundPods pods) {
    this.settings = settings;
    this.api = api;
    this.events = events;
    this.reconciler = reconciler;
    this.conditions = conditions;
    this.problems = problems;
    this.pods = pods;
    this.excesses =
        new Excesses(
            settings.runtime(),
            (pod, part, reason, message) -> events.record(pod, part, "Warning", reason, message));
  }

  /// Looks from now on, as long as the rounds go.
  void begin(Rounds rounds) {
    String name = settings.name();
    rounds.now(
        RUNTIME_EVERY, "how the runtime of " + name + " is cannot be told", this::watchRuntime);
    rounds.now(EVERY, "what " + name + " has left cannot be told", this::relieve);
    rounds.now(EVERY, "pods of " + name + " that want too much are not told of", this::tell);
    rounds.now(EVERY, "images of " + name + " are not shown", this::showImages);
    rounds.later(COLLECT_EVERY, "unused images of " + name + " are not removed", this::collect);
  }

  /// Told anew until it is written.
  private void watchRuntime() {
    conditions.observeRuntime(problems.get(), settings.clock().instant());
    if (conditions.haveChanged()) {
      writeConditions(conditions.untold());
    }
  }

  /// What the node is short of is told anew until that is written.
  private void relieve() {
    long left =
        settings
            .meter()
            .ofNode()
            .map(used -> Machine.memoryBytes() - used.memoryBytes())
            .orElse(Long.MAX_VALUE);
    conditions.observe(reconciler.evict(left), settings.clock().instant());
    List<String> changes = conditions.untold();
    if (!changes.isEmpty()) {
      writeConditions(changes);
    }
  }

  void writeConditions(List<String> changes) {
    ObjectNode patch = Api.object();
    ObjectNode status = patch.putObject("status");
    conditions.add(status.putArray("conditions"), settings.clock().instant());
    status.set("declaredFeatures", DeclaredFeatures.of(settings.runtime().needsImages()));
    JsonNode node = api.strategicMerge("/api/v1/nodes/" + settings.name() + "/status", patch);
    conditions.told();
    for (String reason : changes) {
      events.normal(
          api.toModel(node, Node.class),
          reason,
          "Node " + settings.name() + " status is now: " + reason);
    }
  }

  private void tell() {
    excesses.look(pods.list());
  }

  private void showImages() {
    ArrayNode images =
        NodeStatusImages.of(settings.images().all(), settings.configuration().imagesShownMax());
    if (!images.equals(shownImages)) {
      ObjectNode patch = Api.object();
      patch.putObject("status").set("images", images);
      api.merge("/api/v1/nodes/" + settings.name() + "/status", patch);
      shownImages = images;
    }
  }

  /// As with a kubelet the first failure in a row is not told.
  private void collect() {
    Collected collected =
        settings
            .images()
            .collect(
                settings.configuration().images(),
                Machine.diskBytes(settings.folder()),
                Machine.diskBytesLeft(settings.folder()));
    @Nullable Problem problem = collected.problem().orElse(null);
    if (problem != null) {
      warn(problem.reason(), problem.message());
      if (isFailing) {
        warn("ImageGCFailed", problem.message());
      }
    }
    isFailing = problem != null;
  }

  /// Tells that the node is short of a resource and that something is done about it.
  void shortOf(String resource) {
    warn("EvictionThresholdMet", "Attempting to reclaim " + resource);
  }

  /// A kubelet's events about its node have the node's name in the place of its uid.
  private void warn(String reason, String message) {
    Node node =
        new NodeBuilder()
            .withNewMetadata()
            .withName(settings.name())
            .withUid(settings.name())
            .endMetadata()
            .build();
    events.warning(node, reason, message);
  }
}
