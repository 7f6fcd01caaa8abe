// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import dev.havn.controllers.resources.Resources;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds every kind that can be deleted, and watches the metadata of its objects.
final class WatchedKinds implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WatchedKinds.class);
  private static final String METADATA_ONLY =
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  private static final Duration DISCOVER_EVERY = Duration.ofSeconds(30);
  private static final Duration DISCOVER_AGAIN = Duration.ofSeconds(1);
  private static final Duration DISCOVER_SOON = Duration.ofMillis(100);
  private static final String DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";

  /// So long nothing is collected while a kind is not known whole.
  private static final Duration SYNC_WITHIN = Duration.ofSeconds(30);

  private final Api api;
  private final Informers informers;
  private final ScheduledExecutorService executor;
  private final Audience audience;
  private final Map<Resources.Resource, Informer<Owned>> watched = new LinkedHashMap<>();

  /// Kinds that were not known whole in time; nobody waits for them.
  private final Set<Resources.Resource> late = new HashSet<>();

  private Set<String> unavailable = Set.of();
  private boolean discovered;
  private boolean discoversSoon;
  private boolean closed;

  /// Who is told.
  interface Audience {
    void changed(Resources.Resource resource, @Nullable Owned before, @Nullable Owned after);

    /// A kind is there that was not at first: it may own what was undecided.
    void foundLater(Resources.Resource resource);
  }

  WatchedKinds(Api api, Informers informers, ScheduledExecutorService executor, Audience audience) {
    this.api = api;
    this.informers = informers;
    this.executor = executor;
    this.audience = audience;
  }

  void start() {
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
          audience.foundLater(resource);
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

  private void changed(Resources.Resource resource, @Nullable Owned before, @Nullable Owned after) {
    if (resource.qualifiedName().equals(DEFINITIONS)) {
      discoverSoon();
    }
    audience.changed(resource, before, after);
  }

  /// Whether all objects are known, but for those of kinds that cannot be watched.
  synchronized boolean haveSynced() {
    return discovered
        && watched.entrySet().stream()
            .allMatch(each -> each.getValue().hasSynced() || late.contains(each.getKey()));
  }

  /// @param resource such as `secrets` or `deployments.apps`
  synchronized boolean hasSynced(String resource) {
    return discovered
        && watched.entrySet().stream()
            .filter(each -> each.getKey().qualifiedName().equals(qualified(resource)))
            .allMatch(each -> each.getValue().hasSynced());
  }

  private static String qualified(String resource) {
    return resource.contains(".") ? resource : resource + ".";
  }

  /// How many objects of a kind a namespace has, -1 when the kind is not watched.
  synchronized int count(String resource, String namespace) {
    String name = qualified(resource);
    for (Map.Entry<Resources.Resource, Informer<Owned>> each : watched.entrySet()) {
      if (each.getKey().qualifiedName().equals(name)) {
        return each.getValue().list(namespace).size();
      }
    }
    return -1;
  }

  /// The kind of an owner, null when nobody serves it.
  synchronized Resources.@Nullable Resource of(Owned.Owner owner) {
    for (Resources.Resource each : watched.keySet()) {
      if (owner.isOf(each)) {
        return each;
      }
    }
    return null;
  }

  @Override
  public synchronized void close() {
    closed = true;
    watched.values().forEach(Informer::close);
  }
}
