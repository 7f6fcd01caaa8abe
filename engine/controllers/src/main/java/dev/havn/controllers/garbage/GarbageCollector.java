// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.quota.QuotaReconciler;
import dev.havn.controllers.resources.Resources;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what no owner needs any more.
///
/// - Background: an object all of whose owners are gone is deleted.
/// - Foreground: an owner with the finalizer `foregroundDeletion` waits until its dependents that
///   block it are gone; they are deleted.
/// - Orphan: from the dependents of an owner with the finalizer `orphan` its reference is taken
///   away.
///
/// An owner that no watch has shown is asked for before anything is deleted in its name.
public final class GarbageCollector implements Reconciler, AutoCloseable, QuotaReconciler.Counts {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);
  private static final Duration UNSYNCED = Duration.ofMillis(100);
  private static final Duration CONFLICT = Duration.ofMillis(100);
  private static final int WORKERS = 5;

  /// When a reference that leads nowhere known is looked at again, unless its kind is found before.
  private static final Duration UNKNOWN = Duration.ofMinutes(1);

  private final Api api;
  private final Strays strays;
  private final Controller controller;
  private final WatchedKinds kinds;
  private final Ownership ownership = new Ownership();
  private final Owners owners;
  private volatile Consumer<String> gone = _ -> {};

  public GarbageCollector(
      Api api,
      Events events,
      Informers informers,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.api = api;
    this.strays = new Strays(events);
    this.controller = new Controller("garbage-collector", this, clock, executor, WORKERS);
    this.kinds =
        new WatchedKinds(
            api,
            informers,
            executor,
            new WatchedKinds.Audience() {
              @Override
              public void changed(
                  Resources.Resource resource, @Nullable Owned before, @Nullable Owned after) {
                GarbageCollector.this.changed(resource, before, after);
              }

              @Override
              public void foundLater(Resources.Resource resource) {
                ownership.ownedBy(resource).forEach(uid -> controller.add(new Key("", uid)));
              }
            });
    this.owners = new Owners(api, kinds);
  }

  public Controller controller() {
    return controller;
  }

  public void start() {
    kinds.start();
  }

  @Override
  public boolean hasSynced(String resource) {
    return kinds.hasSynced(resource);
  }

  /// Since every kind is watched, it is known how many there are.
  @Override
  public int of(String resource, String namespace) {
    return kinds.count(resource, namespace);
  }

  /// Calls `then` with a namespace from which an object has gone.
  public void onGone(Consumer<String> then) {
    gone = then;
  }

  private void changed(Resources.Resource resource, @Nullable Owned before, @Nullable Owned after) {
    if (before != null && after == null) {
      gone.accept(before.namespace());
    }
    Set<String> concerned = new LinkedHashSet<>();
    if (before != null && (after == null || !after.uid().equals(before.uid()))) {
      concerned.addAll(ownership.remove(before));
    }
    if (after != null) {
      concerned.addAll(ownership.put(resource, after));
    }
    concerned.forEach(uid -> controller.add(new Key("", uid)));
  }

  @Override
  public Result reconcile(Key key) {
    if (!kinds.haveSynced()) {
      return Result.after(UNSYNCED);
    }
    Ownership.@Nullable Item item = ownership.get(key.name());
    if (item == null) {
      return Result.DONE;
    }
    try {
      if (item.object().orphansDependents()) {
        orphan(item);
      } else if (item.object().waitsForDependents()) {
        releaseWhenAlone(item);
      } else if (!item.object().isTerminating() && !item.object().owners().isEmpty()) {
        return judge(item);
      }
      return Result.DONE;
    } catch (Api.RefusedException e) {
      if (e.code() == 404) {
        return Result.DONE;
      }
      if (e.code() == 409) {
        LOG.debug("{} changed meanwhile: {}", item.path(), e.getMessage());
        return Result.after(CONFLICT);
      }
      throw e;
    }
  }

  /// Deletes an object whose owners are all gone or wait for it to go, and takes references to such
  /// owners from one that has others.
  private Result judge(Ownership.Item item) {
    List<Owned.Owner> present = new ArrayList<>();
    List<Owned.Owner> waiting = new ArrayList<>();
    for (Owned.Owner owner : item.object().owners()) {
      Ownership.@Nullable Item known = ownership.get(owner.uid());
      if (known != null && !Strays.isReachable(known.object(), item.object())) {
        strays.tell(item, owner);
      } else if (known != null && known.isMeantBy(owner)) {
        (known.object().waitsForDependents() ? waiting : present).add(owner);
      }
    }
    if (present.size() == item.object().owners().size()) {
      return Result.DONE;
    }
    if (!owners.areKnown(item.object())) {
      return Result.after(UNKNOWN);
    }
    List<Owned.Owner> lasting =
        item.object().owners().stream()
            .filter(each -> !waiting.contains(each))
            .filter(each -> present.contains(each) || owners.exists(item.object(), each))
            .toList();
    if (lasting.size() < item.object().owners().size()) {
      release(item, lasting, !waiting.isEmpty());
    }
    return Result.DONE;
  }

  /// @param awaited whether an owner waits for it to go
  private void release(Ownership.Item item, List<Owned.Owner> lasting, boolean awaited) {
    if (!lasting.isEmpty()) {
      keepOwners(item, lasting::contains);
      return;
    }
    List<Ownership.Item> dependents = ownership.dependents(item.object().uid());
    boolean hasDependents = !dependents.isEmpty();
    boolean circle = dependents.stream().anyMatch(each -> each.object().waitsForDependents());
    if (awaited && circle && item.object().owners().stream().anyMatch(Owned.Owner::blocks)) {
      unblockOwners(item);
      return;
    }
    List<String> finalizers = item.object().finalizers();
    String policy =
        awaited && hasDependents
            ? "Foreground"
            : finalizers.contains(Owned.ORPHAN)
                ? "Orphan"
                : finalizers.contains(Owned.FOREGROUND) ? "Foreground" : "Background";
    delete(item, policy);
  }

  private void orphan(Ownership.Item owner) {
    for (Ownership.Item dependent : ownership.dependents(owner.object().uid())) {
      keepOwners(dependent, each -> !each.uid().equals(owner.object().uid()));
    }
    removeFinalizer(owner, Owned.ORPHAN);
  }

  /// Lets an owner go when nothing that blocks it is left.
  private void releaseWhenAlone(Ownership.Item owner) {
    List<Ownership.Item> blocking =
        ownership.dependents(owner.object().uid()).stream()
            .filter(
                item ->
                    item.object().owners().stream()
                        .anyMatch(each -> each.uid().equals(owner.object().uid()) && each.blocks()))
            .toList();
    if (blocking.isEmpty()) {
      removeFinalizer(owner, Owned.FOREGROUND);
    }
    for (Ownership.Item dependent : blocking) {
      if (!dependent.object().isTerminating()) {
        controller.add(new Key("", dependent.object().uid()));
      }
    }
  }

  /// Lets the owners of an object go before it: they may stand in a circle that waits for itself.
  /// The change brings the object back, to be deleted.
  private void unblockOwners(Ownership.Item item) {
    owners(item, _ -> true, false);
  }

  private void keepOwners(Ownership.Item item, Predicate<Owned.Owner> keep) {
    owners(item, keep, true);
  }

  private void owners(Ownership.Item item, Predicate<Owned.Owner> keep, boolean mayBlock) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", item.object().uid());
    metadata.put("resourceVersion", item.object().metadata().resourceVersion());
    ArrayNode kept = metadata.putArray("ownerReferences");
    for (Owned.Owner owner : item.object().owners()) {
      if (keep.test(owner)) {
        ObjectNode reference = kept.addObject().put("apiVersion", owner.apiVersion());
        reference.put("kind", owner.kind()).put("name", owner.name()).put("uid", owner.uid());
        if (owner.controller() != null) {
          reference.put("controller", owner.controller());
        }
        if (owner.blockOwnerDeletion() != null) {
          reference.put("blockOwnerDeletion", mayBlock && owner.blocks());
        }
      }
    }
    api.merge(item.path(), patch);
  }

  private void removeFinalizer(Ownership.Item item, String finalizer) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", item.object().uid());
    metadata.put("resourceVersion", item.object().metadata().resourceVersion());
    ArrayNode kept = metadata.putArray("finalizers");
    item.object().finalizers().stream().filter(each -> !each.equals(finalizer)).forEach(kept::add);
    api.merge(item.path(), patch);
  }

  private void delete(Ownership.Item item, String policy) {
    ObjectNode options = Api.object().put("propagationPolicy", policy);
    options
        .putObject("preconditions")
        .put("uid", item.object().uid())
        .put("resourceVersion", item.object().metadata().resourceVersion());
    api.delete(item.path(), options);
  }

  @Override
  public void close() {
    controller.close();
    kinds.close();
  }
}
