// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageCollector.Problem;
import dev.havn.node.pod.Machine;
import dev.havn.node.pod.PodReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sees to it, again and again, that pods do not use more than they may, nor than the node has, and
/// that images which nobody uses do not fill its disk. Not with the lease, which cannot wait for a
/// slow disk.
final class Upkeep {
  private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
  private static final Duration EVERY = Duration.ofSeconds(10);

  /// In looks: five minutes.
  private static final int COLLECT_EVERY = 30;

  private final dev.havn.node.Node.Settings settings;
  private final Api api;
  private final Events events;
  private final PodReconciler reconciler;
  private final NodeConditions conditions;
  private final BooleanSupplier closed;
  private @Nullable ArrayNode shownImages;
  private boolean isFailing;
  private int looks;

  Upkeep(
      dev.havn.node.Node.Settings settings,
      Api api,
      Events events,
      PodReconciler reconciler,
      NodeConditions conditions,
      BooleanSupplier closed) {
    this.settings = settings;
    this.api = api;
    this.events = events;
    this.reconciler = reconciler;
    this.conditions = conditions;
    this.closed = closed;
  }

  void look() {
    if (closed.getAsBoolean()) {
      return;
    }
    try {
      relieve();
      showImages();
      if (looks++ % COLLECT_EVERY == 1) {
        collect();
      }
    } catch (RuntimeException e) {
      LOG.warn("what {} has left cannot be told: {}", settings.name(), e.toString());
    }
    try {
      var unused =
          settings.executor().schedule(this::look, EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more looks at {}: the executor is closed", settings.name());
    }
  }

  private void relieve() {
    long left =
        settings
            .meter()
            .ofNode()
            .map(used -> Machine.memoryBytes() - used.memoryBytes())
            .orElse(Long.MAX_VALUE);
    List<String> changes = conditions.observe(reconciler.evict(left), settings.clock().instant());
    if (!changes.isEmpty()) {
      writeConditions(changes);
    }
  }

  void writeConditions(List<String> changes) {
    ObjectNode patch = Api.object();
    conditions.add(patch.putObject("status").putArray("conditions"), settings.clock().instant());
    JsonNode node = api.strategicMerge("/api/v1/nodes/" + settings.name() + "/status", patch);
    for (String reason : changes) {
      events.normal(
          api.toModel(node, Node.class),
          reason,
          "Node " + settings.name() + " status is now: " + reason);
    }
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
