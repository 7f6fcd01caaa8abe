// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// A copy of all objects of one kind, kept up to date by a watch that begins with what is there
/// (KEP-3157). Each object is parsed once per revision, `managedFields` dropped, and shared: what
/// the getters give must not be changed.
///
/// A watch that ends is begun again after a pause that grows; what is missed meanwhile shows as
/// changes then.
public final class Informer<T> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Informer.class);
  private static final Duration PAUSE_MIN = Duration.ofMillis(100);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(30);
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

  private final Api api;
  private final Source<T> source;
  private final ScheduledExecutorService executor;

  /// By namespace and name.
  private final Map<String, Map<String, T>> objects = new ConcurrentHashMap<>();

  /// By name; what is in them and in the objects above changes together, under their lock.
  private final Map<String, Index<T>> indexes = new ConcurrentHashMap<>();

  private final List<Listener<T>> listeners = new CopyOnWriteArrayList<>();

  private final Queue<Runnable> awaiting = new ConcurrentLinkedQueue<>();

  private volatile boolean synced;
  private volatile long seen;
  private volatile boolean closed;
  private volatile @Nullable AsyncBody body;
  private long pauseMillis = PAUSE_MIN.toMillis();

  /// What changed; runs on the executor, in order, and should be short.
  @FunctionalInterface
  public interface Listener<T> {
    /// @param before null for an object that is new
    /// @param after null for an object that is gone
    void changed(@Nullable T before, @Nullable T after);
  }

  /// What is watched and as what it is kept.
  ///
  /// @param type what JSON is read into; fields that it does not have are passed over
  /// @param path of the collection, such as `/api/v1/pods`
  /// @param query a selection, such as `&fieldSelector=spec.nodeName%3Da`, or empty
  /// @param accept the media type asked for
  /// @param version the `resourceVersion` of an object
  /// @param outline whether a pod is read without how its containers are run, see [PodOutline]
  public record Source<T>(
      Class<T> type,
      String path,
      String query,
      String accept,
      Function<T, Reconciler.Key> key,
      Function<T, String> version,
      boolean outline) {
    static <T extends HasMetadata> Source<T> of(Class<T> type, String query, boolean outline) {
      return new Source<>(
          type,
          Api.path(type, "", ""),
          query,
          "application/json",
          Informer::keyOf,
          object -> object.getMetadata().getResourceVersion(),
          outline);
    }
  }

  Informer(Api api, Source<T> source, ScheduledExecutorService executor) {
    this.api = api;
    this.source = source;
    this.executor = executor;
  }

  void start() {
    try {
      executor.execute(this::watch);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  /// Adds a listener, which is told of what is there already.
  public void onChange(Listener<T> listener) {
    listeners.add(listener);
    list().forEach(object -> listener.changed(null, object));
  }

  /// Runs something once all that was there has been told; at once if it has.
  public void whenSynced(Runnable task) {
    awaiting.add(task);
    if (synced && awaiting.remove(task)) {
      task.run();
    }
  }

  public boolean hasSynced() {
    return synced;
  }

  /// The newest `resourceVersion` that it has been told of: whoever wrote something at this one or
  /// before finds it here, or what became of it. Who waits for one looks again after a while:
  /// nobody is told when a watch that had broken off has caught up.
  public long seen() {
    return seen;
  }

  /// Whether a write is shown, by the `resourceVersion` that it was answered with (KEP-5504).
  public boolean hasSeen(String version) {
    return synced && seen >= number(version);
  }

  /// Versions of other servers need not be numbers.
  private static long number(@Nullable String version) {
    return version != null && NUMBER.matcher(version).matches() ? Long.parseLong(version) : 0;
  }

  public @Nullable T get(String namespace, String name) {
    @Nullable Map<String, T> here = objects.get(namespace);
    return here == null ? null : here.get(name);
  }

  /// How many there are, without listing them.
  public int count() {
    return objects.values().stream().mapToInt(Map::size).sum();
  }

  public List<T> list() {
    List<T> found = new ArrayList<>();
    objects.values().forEach(here -> found.addAll(here.values()));
    return found;
  }

  public List<T> list(String namespace) {
    @Nullable Map<String, T> here = objects.get(namespace);
    return here == null ? new ArrayList<>() : new ArrayList<>(here.values());
  }

  /// The objects by other terms than their names. Who asks for the same name gets the same index.
  ///
  /// @param name what the terms are, such as `controller`
  /// @param terms under which an object stands, computed from it alone
  public Index<T> index(String name, Function<T, ? extends Collection<String>> terms) {
    synchronized (indexes) {
      return indexes.computeIfAbsent(
          name,
          _ -> {
            Index<T> index = new Index<>(terms);
            list().forEach(object -> index.change(source.key().apply(object), null, object));
            return index;
          });
    }
  }

  private @Nullable T store(Reconciler.Key key, T object) {
    synchronized (indexes) {
      @Nullable T before =
          objects
              .computeIfAbsent(key.namespace(), _ -> new ConcurrentHashMap<>())
              .put(key.name(), object);
      indexes.values().forEach(index -> index.change(key, before, object));
      return before;
    }
  }

  private @Nullable T drop(Reconciler.Key key) {
    synchronized (indexes) {
      @Nullable Map<String, T> here = objects.get(key.namespace());
      @Nullable T before = here == null ? null : here.remove(key.name());
      indexes.values().forEach(index -> index.change(key, before, null));
      return before;
    }
  }

  public static Reconciler.Key keyOf(HasMetadata object) {
    String namespace = object.getMetadata().getNamespace();
    return new Reconciler.Key(namespace == null ? "" : namespace, object.getMetadata().getName());
  }

  @Override
  public void close() {
    closed = true;
    @Nullable AsyncBody open = body;
    if (open != null) {
      open.cancel();
    }
  }

  private void watch() {
    if (closed) {
      return;
    }
    Session session = new Session();
    HttpRequest request =
        api.http()
            .newHttpRequestBuilder()
            .uri(
                api.url(source.path())
                    + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                    + "&allowWatchBookmarks=true"
                    + source.query())
            .header("Accept", source.accept())
            .header("Havn-Omit", "managedFields") // Havn leaves them out, others do not know it
            .forStreaming()
            .build();
    var unused =
        api.http()
            .consumeBytes(request, session::consume)
            .whenComplete((response, failure) -> opened(response, failure));
  }

  private void opened(@Nullable HttpResponse<AsyncBody> response, @Nullable Throwable failure) {
    if (response == null || !response.isSuccessful()) {
      LOG.info(
          "watching {} failed: {}",
          source.path(),
          response == null ? String.valueOf(failure) : "status " + response.code());
      again();
      return;
    }
    AsyncBody opened = response.body();
    body = opened;
    var unused = opened.done().whenComplete((_, broken) -> ended(broken));
    opened.consume();
    if (closed) {
      opened.cancel();
    }
  }

  private void ended(@Nullable Throwable broken) {
    if (broken != null) {
      LOG.warn("watch of {} broke off", source.path(), broken);
    }
    again();
  }

  private void again() {
    if (closed) {
      return;
    }
    long pause = pauseMillis;
    pauseMillis = Math.min(PAUSE_MAX.toMillis(), pause * 2);
    try {
      var unused = executor.schedule(this::watch, pause, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  /// One that fails does not keep the others from what they would never be told again.
  private void tell(@Nullable T before, @Nullable T after) {
    for (Listener<T> listener : listeners) {
      try {
        listener.changed(before, after);
      } catch (RuntimeException e) {
        LOG.error("a listener to {} failed", source.path(), e);
      }
    }
  }

  /// One watch: applies its events.
  private final class Session implements WatchReader.Receiver<T> {
    private final WatchReader<T> reader = new WatchReader<>(source.type(), source.outline(), this);
    private final Set<Reconciler.Key> seen = new HashSet<>();
    private boolean initial = true;

    void consume(List<ByteBuffer> buffers, AsyncBody from) {
      try {
        for (ByteBuffer buffer : buffers) {
          if (!reader.read(buffer)) {
            from.cancel();
            return;
          }
        }
      } catch (JacksonException e) {
        LOG.warn("watch of {}: no event: {}", source.path(), e.getOriginalMessage());
        from.cancel();
        return;
      }
      from.consume();
    }

    @Override
    public boolean put(T object) {
      Reconciler.Key key = source.key().apply(object);
      if (initial) {
        seen.add(key);
      }
      @Nullable T before = store(key, object);
      see(source.version().apply(object));
      boolean same =
          before != null && source.version().apply(before).equals(source.version().apply(object));
      if (!same) {
        tell(before, object);
      }
      return true;
    }

    /// What a watch begins with comes in no order.
    private void see(@Nullable String version) {
      if (!initial) {
        Informer.this.seen = Math.max(Informer.this.seen, number(version));
      }
    }

    @Override
    public boolean remove(T object) {
      @Nullable T before = drop(source.key().apply(object));
      see(source.version().apply(object));
      if (before != null) {
        tell(before, null);
      }
      return true;
    }

    /// The first one says that all that was there has been told: what was not is gone.
    @Override
    public boolean bookmark(JsonNode object) {
      boolean ends =
          object
              .path("metadata")
              .path("annotations")
              .path("k8s.io/initial-events-end")
              .asString("")
              .equals("true");
      if (!initial || !ends) {
        return true;
      }
      initial = false;
      see(object.path("metadata").path("resourceVersion").asString(""));
      pauseMillis = PAUSE_MIN.toMillis();
      for (T each : list()) {
        Reconciler.Key key = source.key().apply(each);
        @Nullable T gone = seen.contains(key) ? null : drop(key);
        if (gone != null) {
          tell(gone, null);
        }
      }
      seen.clear();
      synced = true;
      for (Runnable task = awaiting.poll(); task != null; task = awaiting.poll()) {
        task.run();
      }
      return true;
    }

    @Override
    public boolean failed(JsonNode status) {
      LOG.info("watch of {}: {}", source.path(), status.path("message").asString(""));
      return false;
    }
  }
}
