// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A copy of all objects of one kind, kept up to date by a watch that begins with what is there
/// (KEP-3157). Each object is parsed once per revision, `managedFields` dropped, and shared: what
/// the getters give must not be changed.
///
/// A watch that ends is begun again after a pause that grows; what is missed meanwhile shows as
/// changes then.
public final class Informer<T extends HasMetadata> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Informer.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PAUSE_MIN = Duration.ofMillis(100);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(30);
  private static final int LINE_BYTES_MAX = 16 << 20;

  private final Api api;
  private final Class<T> type;
  private final String query;
  private final ScheduledExecutorService executor;
  private final Map<Reconciler.Key, T> objects = new ConcurrentHashMap<>();
  private final List<Listener<T>> listeners = new CopyOnWriteArrayList<>();

  private volatile boolean synced;
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

  Informer(Api api, Class<T> type, String query, ScheduledExecutorService executor) {
    this.api = api;
    this.type = type;
    this.query = query;
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
    objects.values().forEach(object -> listener.changed(null, object));
  }

  public boolean hasSynced() {
    return synced;
  }

  public @Nullable T get(String namespace, String name) {
    return objects.get(new Reconciler.Key(namespace, name));
  }

  public List<T> list() {
    return new ArrayList<>(objects.values());
  }

  public List<T> list(String namespace) {
    List<T> found = new ArrayList<>();
    objects.forEach(
        (key, object) -> {
          if (key.namespace().equals(namespace)) {
            found.add(object);
          }
        });
    return found;
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
    Lines lines = new Lines();
    HttpRequest request =
        api.client()
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(
                api.url(Api.path(type, "", ""))
                    + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                    + "&allowWatchBookmarks=true"
                    + query)
            .header("Accept", "application/json")
            .forStreaming()
            .build();
    var unused =
        api.client()
            .getHttpClient()
            .consumeBytes(request, lines::consume)
            .whenComplete((response, failure) -> opened(response, failure));
  }

  private void opened(@Nullable HttpResponse<AsyncBody> response, @Nullable Throwable failure) {
    if (response == null || !response.isSuccessful()) {
      LOG.info(
          "watching {} failed: {}",
          type.getSimpleName(),
          response == null ? failure : "status " + response.code());
      again();
      return;
    }
    AsyncBody opened = response.body();
    body = opened;
    var unused = opened.done().whenComplete((_, _) -> again());
    opened.consume();
    if (closed) {
      opened.cancel();
    }
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

  /// One watch: cuts its bytes into lines and applies each.
  private final class Lines {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final Set<Reconciler.Key> seen = new HashSet<>();
    private boolean initial = true;

    void consume(List<ByteBuffer> buffers, AsyncBody from) {
      for (ByteBuffer buffer : buffers) {
        while (buffer.hasRemaining()) {
          byte next = buffer.get();
          if (next != '\n') {
            line.write(next);
            if (line.size() > LINE_BYTES_MAX) {
              from.cancel();
              return;
            }
          } else if (line.size() > 0) {
            byte[] bytes = line.toByteArray();
            line.reset();
            apply(bytes, from);
          }
        }
      }
      from.consume();
    }

    private void apply(byte[] bytes, AsyncBody from) {
      try {
        JsonNode event = JSON.readTree(bytes);
        JsonNode object = event.path("object");
        switch (event.path("type").asText()) {
          case "ADDED", "MODIFIED" -> put(object);
          case "DELETED" -> remove(object);
          case "BOOKMARK" -> bookmark(object);
          default -> {
            LOG.info("watch of {}: {}", type.getSimpleName(), object.path("message").asText());
            from.cancel();
          }
        }
      } catch (JacksonException e) {
        LOG.warn("watch of {}: no event: {}", type.getSimpleName(), e.getOriginalMessage());
        from.cancel();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void put(JsonNode json) {
      if (json.path("metadata") instanceof ObjectNode metadata) {
        metadata.remove("managedFields");
      }
      T object = api.client().getKubernetesSerialization().unmarshal(json.toString(), type);
      Reconciler.Key key = keyOf(object);
      if (initial) {
        seen.add(key);
      }
      @Nullable T before = objects.put(key, object);
      boolean same =
          before != null
              && before
                  .getMetadata()
                  .getResourceVersion()
                  .equals(object.getMetadata().getResourceVersion());
      if (!same) {
        listeners.forEach(listener -> listener.changed(before, object));
      }
    }

    private void remove(JsonNode json) {
      JsonNode metadata = json.path("metadata");
      Reconciler.Key key =
          new Reconciler.Key(metadata.path("namespace").asText(""), metadata.path("name").asText());
      @Nullable T before = objects.remove(key);
      if (before != null) {
        listeners.forEach(listener -> listener.changed(before, null));
      }
    }

    /// The first one says that all that was there has been told: what was not is gone.
    private void bookmark(JsonNode object) {
      boolean ends =
          object
              .path("metadata")
              .path("annotations")
              .path("k8s.io/initial-events-end")
              .asText()
              .equals("true");
      if (!initial || !ends) {
        return;
      }
      initial = false;
      pauseMillis = PAUSE_MIN.toMillis();
      for (Reconciler.Key key : List.copyOf(objects.keySet())) {
        @Nullable T gone = seen.contains(key) ? null : objects.remove(key);
        if (gone != null) {
          listeners.forEach(listener -> listener.changed(gone, null));
        }
      }
      seen.clear();
      synced = true;
    }
  }
}
