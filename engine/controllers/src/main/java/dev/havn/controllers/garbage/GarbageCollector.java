// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.quota.QuotaReconciler;
import dev.havn.controllers.resources.Resources;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what no owner needs any more. Watches the metadata of every kind that can be deleted.
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
  private static final String METADATA_ONLY =
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  private static final Duration DISCOVER_EVERY = Duration.ofSeconds(30);
  private static final Duration DISCOVER_AGAIN = Duration.ofSeconds(1);
  private static final Duration DISCOVER_SOON = Duration.ofMillis(100);
  private static final String DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";
  private static final Duration UNSYNCED = Duration.ofMillis(100);

  /// So long nothing is collected while a kind is not known whole.
  private static final Duration SYNC_WITHIN = Duration.ofSeconds(30);

  private static final Duration CONFLICT = Duration.ofMillis(100);
  private static final int WORKERS = 5;
  private static final int ABSENT_OWNERS_MAX = 500;

  private final Api api;
  private final Strays strays;
  private final Informers informers;
  private final ScheduledExecutorService executor;
  private final Controller controller;
  private final Ownership ownership = new Ownership();
  private final Map<Resources.Resource, Informer<Owned>> watched = new LinkedHashMap<>();
  private final Set<String> absent = new LinkedHashSet<>();

  /// Kinds that were not known whole in time; nobody waits for them.
  private final Set<Resources.Resource> late = new HashSet<>();

  private volatile Consumer<String> gone = _ -> {};
  private Set<String> unavailable = Set.of();
  private boolean discovered;
  private boolean discoversSoon;
  private boolean closed;

  public GarbageCollector(
      Api api, Events events, Informers informers, ScheduledExecutorService executor) {
    this.api = api;
    this.strays = new Strays(events);
    this.informers = informers;
    this.executor = executor;
    this.controller = new Controller("garbage-collector", this, executor, WORKERS);
  }

  public Controller controller() {
    return controller;
  }

  public void start() {
    schedule(Duration.ZERO);
  }

  private void schedule(Duration pause) {
    later(this::discover, pause);
  }

  private void later(Runnable task, Duration pause) {
    try {
      var unused = executor.schedule(task, pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("kinds are not looked for again, the executor is closed");
    }
  }

  /// Looks for kinds when a definition has changed: their objects are watched before most owners
  /// go.
  private void discoverSoon() {
    synchronized (this) {
      if (closed || discoversSoon) {
        return;
      }
      discoversSoon = true;
    }
    try {
      var unused =
          executor.schedule(this::discoverNow, DISCOVER_SOON.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("a new kind is not looked for, the executor is closed");
    }
  }

  private void discoverNow() {
    synchronized (this) {
      discoversSoon = false;
    }
    try {
      watchAll();
    } catch (RuntimeException e) {
      LOG.info("new kinds to collect are looked for with the others: {}", e.toString());
    }
  }

  private void watchAll() {
    Resources.Found found = Resources.discover(api);
    tell(found.unavailable());
    watch(
        found.resources().stream()
            .filter(each -> each.verbs().containsAll(Set.of("delete", "watch")))
            .filter(each -> !each.plural().equals("events"))
            .toList(),
        found.unavailable().keySet());
  }

  /// Once for each change of what cannot be asked.
  private synchronized void tell(Map<String, String> now) {
    if (unavailable.equals(now.keySet())) {
      return;
    }
    if (now.isEmpty()) {
      LOG.info("all groups can be asked again: {}", unavailable);
    } else {
      LOG.warn("objects of groups that are not available are not collected: {}", now);
    }
    unavailable = Set.copyOf(now.keySet());
  }

  private void discover() {
    Duration pause = DISCOVER_EVERY;
    try {
      watchAll();
    } catch (RuntimeException e) {
      LOG.info("kinds to collect are looked for again soon: {}", e.toString());
      pause = DISCOVER_AGAIN;
    }
    synchronized (this) {
      if (!closed) {
        schedule(pause);
      }
    }
  }

  /// @param unavailable groups with versions of which nothing is known now
  private synchronized void watch(List<Resources.Resource> resources, Set<String> unavailable) {
    if (closed) {
      return;
    }
    watched
        .entrySet()
        .removeIf(
            entry -> {
              boolean gone =
                  !resources.contains(entry.getKey())
                      && !unavailable.contains(entry.getKey().apiVersion());
              if (gone) {
                late.remove(entry.getKey());
                entry.getValue().close();
                entry.getValue().list().forEach(each -> changed(entry.getKey(), each, null));
              }
              return gone;
            });
    Set<Resources.Resource> added = new HashSet<>();
    for (Resources.Resource resource : resources) {
      if (!watched.containsKey(resource)) {
        Informer<Owned> informer =
            informers.of(
                new Informer.Source<>(
                    Owned.class,
                    resource.path(""),
                    "",
                    METADATA_ONLY,
                    Owned::key,
                    object -> object.metadata().resourceVersion(),
                    false));
        watched.put(resource, informer);
        added.add(resource);
        informer.onChange((before, after) -> changed(resource, before, after));
        if (discovered) {
          ownership.ownedBy(resource).forEach(uid -> controller.add(new Key("", uid)));
        }
      }
    }
    discovered = true;
    if (!added.isEmpty()) {
      later(() -> waitNoLonger(added), SYNC_WITHIN);
    }
  }

  /// An API that lets nobody watch must not keep the whole cluster's garbage. Whoever is absent
  /// from what is known is asked for before anything is deleted, also of such a kind.
  private synchronized void waitNoLonger(Set<Resources.Resource> kinds) {
    for (Resources.Resource each : kinds) {
      @Nullable Informer<Owned> informer = watched.get(each);
      if (!closed && informer != null && !informer.hasSynced() && late.add(each)) {
        LOG.warn("{} cannot be watched, the garbage of other kinds is collected", each.path(""));
      }
    }
  }

  @Override
  public synchronized boolean hasSynced(String resource) {
    return discovered
        && watched.entrySet().stream()
            .filter(each -> each.getKey().qualifiedName().equals(qualified(resource)))
            .allMatch(each -> each.getValue().hasSynced());
  }

  private static String qualified(String resource) {
    return resource.contains(".") ? resource : resource + ".";
  }

  /// Since this watches every kind, it knows how many there are.
  @Override
  public synchronized int of(String resource, String namespace) {
    String name = qualified(resource);
    for (Map.Entry<Resources.Resource, Informer<Owned>> each : watched.entrySet()) {
      if (each.getKey().qualifiedName().equals(name)) {
        return each.getValue().list(namespace).size();
      }
    }
    return -1;
  }

  /// Calls `then` with a namespace from which an object has gone.
  public void onGone(Consumer<String> then) {
    gone = then;
  }

  private void changed(Resources.Resource resource, @Nullable Owned before, @Nullable Owned after) {
    if (before != null && after == null) {
      gone.accept(before.namespace());
    }
    if (resource.qualifiedName().equals(DEFINITIONS)) {
      discoverSoon();
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

  private synchronized boolean hasSynced() {
    return discovered
        && watched.entrySet().stream()
            .allMatch(each -> each.getValue().hasSynced() || late.contains(each.getKey()));
  }

  @Override
  public Result reconcile(Key key) {
    if (!hasSynced()) {
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
        judge(item);
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
  private void judge(Ownership.Item item) {
    List<Owned.Owner> lasting = new ArrayList<>();
    boolean awaited = false;
    for (Owned.Owner owner : item.object().owners()) {
      Ownership.@Nullable Item known = ownership.get(owner.uid());
      if (known != null && !Strays.isReachable(known.object(), item.object())) {
        strays.tell(item, owner);
      }
    }
    if (isUndecidable(item.object())) {
      return;
    }
    for (Owned.Owner owner : item.object().owners()) {
      Ownership.@Nullable Item known = ownership.get(owner.uid());
      boolean here = known != null && Strays.isReachable(known.object(), item.object());
      if (here && known != null && known.object().waitsForDependents()) {
        awaited = true;
      } else if (here || exists(item.object(), owner)) {
        lasting.add(owner);
      }
    }
    if (lasting.size() == item.object().owners().size()) {
      return;
    }
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

  /// Whether an object of the cluster says that it belongs to something in a namespace: nobody can
  /// tell in which, so that it stays.
  private boolean isUndecidable(Owned object) {
    return object.namespace().isEmpty()
        && object.owners().stream()
            .map(this::resourceOf)
            .anyMatch(resource -> resource != null && resource.namespaced());
  }

  /// Asks the API for an owner that no watch shows. One of a kind that is not served counts as
  /// there: nothing is deleted because a kind is unknown, and its case is reopened when the kind is
  /// found.
  private boolean exists(Owned dependent, Owned.Owner owner) {
    synchronized (absent) {
      if (absent.contains(owner.uid())) {
        return false;
      }
    }
    Resources.@Nullable Resource resource = resourceOf(owner);
    if (resource == null) {
      return true;
    }
    boolean found =
        api.find(resource.path(dependent.namespace()) + "/" + owner.name())
            .map(object -> object.path("metadata").path("uid").asText().equals(owner.uid()))
            .orElse(false);
    if (!found) {
      synchronized (absent) {
        if (absent.size() >= ABSENT_OWNERS_MAX) {
          absent.remove(absent.iterator().next());
        }
        absent.add(owner.uid());
      }
    }
    return found;
  }

  private synchronized Resources.@Nullable Resource resourceOf(Owned.Owner owner) {
    for (Resources.Resource each : watched.keySet()) {
      if (owner.isOf(each)) {
        return each;
      }
    }
    return null;
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
  public synchronized void close() {
    closed = true;
    controller.close();
    watched.values().forEach(Informer::close);
  }
}
