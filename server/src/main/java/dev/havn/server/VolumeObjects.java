// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.Node;
import dev.havn.node.pod.VolumeObject;
import dev.havn.store.CompactedException;
import dev.havn.store.Cursor;
import dev.havn.store.Event;
import dev.havn.store.Store;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells nodes of this process which ConfigMaps and Secrets have changed, so that volumes made of
/// them follow at once. The server's own log says it: no node watches an object for that, and none
/// is kept.
final class VolumeObjects implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeObjects.class);
  private static final int EVENTS_MAX = 1_000;

  private static final Map<String, VolumeObject.Kind> PREFIXES =
      Map.of(
          "/registry/core/configmaps/", VolumeObject.Kind.CONFIG_MAP,
          "/registry/core/secrets/", VolumeObject.Kind.SECRET);

  private final Store store;
  private final Consumer<VolumeObject> listener;
  private final Executor executor;
  private final List<Following> all;

  VolumeObjects(Store store, Consumer<VolumeObject> listener, Executor executor) {
    this.store = store;
    this.listener = listener;
    this.executor = executor;
    this.all =
        PREFIXES.entrySet().stream()
            .map(each -> new Following(each.getKey(), each.getValue()))
            .toList();
  }

  /// For those of the nodes that make volumes.
  static VolumeObjects tell(List<Node> nodes, Store store, Executor executor) {
    List<Node> those = nodes.stream().filter(Node::makesVolumes).toList();
    VolumeObjects objects =
        new VolumeObjects(store, changed -> those.forEach(node -> node.changed(changed)), executor);
    if (!those.isEmpty()) {
      objects.begin();
    }
    return objects;
  }

  void begin() {
    all.forEach(Following::begin);
  }

  /// The changes of one kind.
  private final class Following {
    private final String prefix;
    private final VolumeObject.Kind kind;
    private @Nullable Cursor cursor;

    Following(String prefix, VolumeObject.Kind kind) {
      this.prefix = prefix;
      this.kind = kind;
    }

    synchronized void begin() {
      if (cursor != null) {
        cursor.close();
      }
      Cursor fresh = store.watch(prefix, store.revision());
      cursor = fresh;
      fresh.onReady(this::wake);
    }

    /// The thread that wakes a cursor is not to be held up.
    private void wake() {
      try {
        executor.execute(this::read);
      } catch (RejectedExecutionException closing) {
        LOG.debug("changes of {} are not told, the executor is closed", prefix);
      }
    }

    private synchronized void read() {
      Cursor open = cursor;
      if (open == null) {
        return;
      }
      try {
        for (List<Event> events = open.poll(EVENTS_MAX);
            !events.isEmpty();
            events = open.poll(EVENTS_MAX)) {
          events.forEach(this::tell);
        }
        open.onReady(this::wake);
      } catch (CompactedException fellBehind) {
        // What is missed is found when volumes are looked at in their turn.
        begin();
      }
    }

    private void tell(Event event) {
      String key = event.key();
      int slash = key.indexOf('/', prefix.length());
      if (slash > 0) {
        listener.accept(
            new VolumeObject(
                kind, key.substring(prefix.length(), slash), key.substring(slash + 1)));
      }
    }

    synchronized void close() {
      if (cursor != null) {
        cursor.close();
        cursor = null;
      }
    }
  }

  @Override
  public void close() {
    all.forEach(Following::close);
  }
}
