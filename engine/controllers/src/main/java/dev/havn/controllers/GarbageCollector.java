// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what no owner needs any more. Looks at everything that has owners or waits for its
/// dependents, in rounds: each is a pure question of what is there, so nothing can be missed for
/// long.
///
/// - Background: an object all of whose owners are gone is deleted.
/// - Foreground: an owner with the finalizer `foregroundDeletion` waits until its dependents that
///   block it are gone; they are deleted.
/// - Orphan: from the dependents of an owner with the finalizer `orphan` its reference is taken
///   away.
final class GarbageCollector implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);
  private static final Duration ROUND_EVERY = Duration.ofSeconds(1);

  /// The longer a round takes, the longer the pause: at most a twentieth of one processor.
  private static final int PAUSE_PER_ROUND = 20;

  private static final String FOREGROUND = "foregroundDeletion";
  private static final String ORPHAN = "orphan";

  private final Api api;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private List<Resources.Resource> resources = List.of();
  private volatile boolean closed;

  GarbageCollector(Api api, InstantSource clock, ScheduledExecutorService executor) {
    this.api = api;
    this.clock = clock;
    this.executor = executor;
  }

  void start() {
    schedule(ROUND_EVERY);
  }

  @Override
  public void close() {
    closed = true;
  }

  private void schedule(Duration pause) {
    if (closed) {
      return;
    }
    try {
      var unused = executor.schedule(this::round, pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  /// An object as far as ownership goes.
  private record Item(Resources.Resource resource, JsonNode metadata) {
    String uid() {
      return metadata.path("uid").asText();
    }

    String path() {
      return resource.path(metadata.path("namespace").asText(""))
          + "/"
          + metadata.path("name").asText();
    }

    boolean has(String finalizer) {
      for (JsonNode each : metadata.path("finalizers")) {
        if (each.asText().equals(finalizer)) {
          return true;
        }
      }
      return false;
    }

    boolean isTerminating() {
      return metadata.has("deletionTimestamp");
    }
  }

  private void round() {
    Instant began = clock.instant();
    try {
      if (resources.isEmpty()) {
        resources =
            Resources.discover(api).stream()
                .filter(each -> each.verbs().contains("delete") && !each.plural().equals("events"))
                .toList();
      }
      collect();
    } catch (RuntimeException e) {
      LOG.info("a round of garbage collection ended early: {}", e.toString());
    }
    Duration took = Duration.between(began, clock.instant());
    Duration pause = took.multipliedBy(PAUSE_PER_ROUND);
    schedule(pause.compareTo(ROUND_EVERY) < 0 ? ROUND_EVERY : pause);
  }

  private void collect() {
    Map<String, Item> byUid = new HashMap<>();
    List<Item> owned = new ArrayList<>();
    for (Resources.Resource resource : resources) {
      JsonNode list = api.get(resource.path(""));
      for (JsonNode object : list.path("items")) {
        Item item = new Item(resource, object.path("metadata"));
        byUid.put(item.uid(), item);
        if (!item.metadata().path("ownerReferences").isEmpty()) {
          owned.add(item);
        }
      }
    }
    for (Item owner : byUid.values()) {
      if (owner.isTerminating() && owner.has(ORPHAN)) {
        orphan(owner, owned);
      } else if (owner.isTerminating() && owner.has(FOREGROUND)) {
        foreground(owner, owned);
      }
    }
    for (Item item : owned) {
      if (!item.isTerminating() && isGarbage(item, byUid)) {
        delete(item, "Background");
      }
    }
  }

  /// Whether every owner is gone, or goes and waits for its dependents to go first.
  private boolean isGarbage(Item item, Map<String, Item> byUid) {
    for (JsonNode reference : item.metadata().path("ownerReferences")) {
      Item owner = byUid.get(reference.path("uid").asText());
      boolean lives =
          owner != null
              && !(owner.isTerminating() && owner.has(FOREGROUND))
              && isReachable(owner, item);
      if (lives || (owner == null && existsAfterAll(item, reference))) {
        return false;
      }
    }
    return true;
  }

  /// An owner in another namespace is none.
  private static boolean isReachable(Item owner, Item item) {
    String namespace = owner.metadata().path("namespace").asText("");
    return namespace.isEmpty() || namespace.equals(item.metadata().path("namespace").asText(""));
  }

  /// The lists are not of one moment: asks again before anything is deleted.
  private boolean existsAfterAll(Item item, JsonNode reference) {
    String kind = reference.path("kind").asText();
    String apiVersion = reference.path("apiVersion").asText();
    for (Resources.Resource resource : resources) {
      String group = resource.apiVersion().contains("/") ? resource.apiVersion().split("/")[0] : "";
      String wanted = apiVersion.contains("/") ? apiVersion.split("/")[0] : "";
      if (resource.kind().equals(kind) && group.equals(wanted)) {
        String path =
            resource.path(item.metadata().path("namespace").asText(""))
                + "/"
                + reference.path("name").asText();
        return api.find(path)
            .map(
                found ->
                    found
                        .path("metadata")
                        .path("uid")
                        .asText()
                        .equals(reference.path("uid").asText()))
            .orElse(false);
      }
    }
    return true;
  }

  private static List<Item> dependents(Item owner, List<Item> owned) {
    List<Item> found = new ArrayList<>();
    for (Item item : owned) {
      for (JsonNode reference : item.metadata().path("ownerReferences")) {
        if (reference.path("uid").asText().equals(owner.uid())) {
          found.add(item);
        }
      }
    }
    return found;
  }

  private void orphan(Item owner, List<Item> owned) {
    for (Item dependent : dependents(owner, owned)) {
      ObjectNode patch = Api.object();
      ObjectNode metadata = patch.putObject("metadata").put("uid", dependent.uid());
      ArrayNode kept = metadata.putArray("ownerReferences");
      for (JsonNode reference : dependent.metadata().path("ownerReferences")) {
        if (!reference.path("uid").asText().equals(owner.uid())) {
          kept.add(reference);
        }
      }
      change(dependent, patch);
    }
    removeFinalizer(owner, ORPHAN);
  }

  private void foreground(Item owner, List<Item> owned) {
    boolean blocked = false;
    for (Item dependent : dependents(owner, owned)) {
      boolean blocks = false;
      for (JsonNode reference : dependent.metadata().path("ownerReferences")) {
        blocks |=
            reference.path("uid").asText().equals(owner.uid())
                && reference.path("blockOwnerDeletion").asBoolean();
      }
      blocked |= blocks;
      if (!dependent.isTerminating() && dependent.metadata().path("ownerReferences").size() == 1) {
        delete(dependent, blocks ? "Foreground" : "Background");
      }
    }
    if (!blocked) {
      removeFinalizer(owner, FOREGROUND);
    }
  }

  private void removeFinalizer(Item item, String finalizer) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", item.uid());
    metadata.set("resourceVersion", item.metadata().path("resourceVersion"));
    ArrayNode kept = metadata.putArray("finalizers");
    for (JsonNode each : item.metadata().path("finalizers")) {
      if (!each.asText().equals(finalizer)) {
        kept.add(each);
      }
    }
    change(item, patch);
  }

  private void change(Item item, ObjectNode patch) {
    try {
      api.merge(item.path(), patch);
    } catch (Api.RefusedException e) {
      LOG.debug("{} changed meanwhile: {}", item.path(), e.getMessage());
    }
  }

  private void delete(Item item, String policy) {
    ObjectNode options = Api.object().put("propagationPolicy", policy);
    options
        .putObject("preconditions")
        .put("uid", item.uid())
        .put("resourceVersion", item.metadata().path("resourceVersion").asText());
    try {
      api.delete(item.path(), options);
    } catch (Api.RefusedException e) {
      LOG.debug("{} is not deleted: {}", item.path(), e.getMessage());
    }
  }
}
