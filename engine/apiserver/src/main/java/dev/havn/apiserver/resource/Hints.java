// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.store.CompactedException;
import dev.havn.store.Cursor;
import dev.havn.store.Entry;
import dev.havn.store.Event;
import dev.havn.store.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says which objects below a key have changed, on the executor, one batch at a time. Only hints:
/// after a gap in the log, and a while after a listener has failed, they say that something may
/// have changed, not what.
public final class Hints {
  private static final Logger LOG = LoggerFactory.getLogger(Hints.class);
  private static final int EVENTS_PER_POLL_MAX = 256;
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final Store store;
  private final String prefix;
  private final ScheduledExecutorService executor;
  private final Listener listener;
  private @Nullable Cursor cursor;

  /// Hears of changes.
  @FunctionalInterface
  public interface Listener {
    /// @param objects as they were and as they are, none when it is not known; shared, never to be
    ///   changed
    void changed(List<ObjectNode> objects);
  }

  public Hints(Store store, String prefix, ScheduledExecutorService executor, Listener listener) {
    this.store = store;
    this.prefix = prefix;
    this.executor = executor;
    this.listener = listener;
  }

  /// Begins, if it has not yet.
  public synchronized void follow() {
    if (cursor == null) {
      Cursor fresh = store.watch(prefix, store.revision());
      cursor = fresh;
      fresh.onReady(this::wake);
    }
  }

  /// Ends.
  public synchronized void rest() {
    if (cursor != null) {
      cursor.close();
      cursor = null;
    }
  }

  private void wake() {
    try {
      executor.execute(this::step);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more hints: the server ends");
    }
  }

  private void step() {
    try {
      Optional<List<ObjectNode>> changed = poll();
      listener.changed(changed.orElse(List.of()));
    } catch (RuntimeException e) {
      LOG.error("changes below {} could not be dealt with, trying again", prefix, e);
      later();
    }
    synchronized (this) {
      if (cursor != null) {
        cursor.onReady(this::wake);
      }
    }
  }

  private void later() {
    try {
      var unused = executor.schedule(this::step, AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more hints: the server ends");
    }
  }

  /// What has changed, empty after a gap.
  private synchronized Optional<List<ObjectNode>> poll() {
    List<ObjectNode> changed = new ArrayList<>();
    Cursor following = cursor;
    if (following == null) {
      return Optional.empty();
    }
    try {
      for (Event event : following.poll(EVENTS_PER_POLL_MAX)) {
        add(changed, event.previous());
        add(changed, event.current());
      }
    } catch (CompactedException tooSlow) {
      rest();
      follow();
      return Optional.empty();
    }
    return Optional.of(changed);
  }

  private static void add(List<ObjectNode> changed, @Nullable Entry entry) {
    if (entry != null) {
      changed.add(StoredObject.of(entry).shared());
    }
  }
}
