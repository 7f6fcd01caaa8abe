// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Event.EventType;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a view like our part of an etcd: reads it whole once, then follows one watch. When the
/// watch breaks it goes on where it was; when etcd has forgotten that place, it reads everything
/// again and the cursors learn that they are too late.
///
/// Nothing but events moves the view on: progress that etcd before 3.4.25 and 3.5.8 notes may run
/// ahead of them (etcd issue 15220).
///
/// Answers of the watch come one after the other, on the executor; everything else that happens to
/// the mirror is guarded by its monitor.
final class EtcdMirror {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdMirror.class);
  private static final Duration AGAIN_AFTER = Duration.ofMillis(200);

  private final EtcdSettings settings;
  private final EtcdConnection connection;
  private final Sealing sealing;
  private final ScheduledExecutorService executor;

  /// What is added to revisions of etcd: after a restore they would not rise.
  private final long offset;

  private final View view;
  private @Nullable Follower follower;
  private boolean closed;

  private record Loaded(List<Entry> entries, long revision) {}

  /// @throws StoreException when etcd does not answer
  EtcdMirror(
      EtcdSettings settings,
      EtcdConnection connection,
      Sealing sealing,
      ScheduledExecutorService executor,
      long offset) {
    this.settings = settings;
    this.connection = connection;
    this.sealing = sealing;
    this.executor = executor;
    this.offset = offset;
    Loaded loaded = load();
    this.view = new View(loaded.entries(), loaded.revision());
    follow();
  }

  View view() {
    return view;
  }

  /// A revision of etcd as one of the store.
  long toStore(long etcdRevision) {
    return etcdRevision + offset;
  }

  long toEtcd(long revision) {
    return revision - offset;
  }

  Entry entry(KeyValue found) {
    return Entry.kept(
        settings.toStore(found.getKey().toStringUtf8()),
        found.getValue().toByteArray(),
        toStore(found.getCreateRevision()),
        toStore(found.getModRevision()),
        sealing);
  }

  private Loaded load() {
    List<Entry> entries = new ArrayList<>();
    long at = EtcdContents.read(settings, connection, found -> entries.add(entry(found)));
    entries.sort((one, other) -> Long.compare(one.revision(), other.revision()));
    return new Loaded(entries, toStore(at));
  }

  /// The first key behind all that start with a prefix, which ends in a slash.
  static ByteString endOf(String prefix) {
    byte[] end = ByteString.copyFromUtf8(prefix).toByteArray();
    end[end.length - 1]++;
    return ByteString.copyFrom(end);
  }

  synchronized void follow() {
    if (closed) {
      return;
    }
    Follower fresh = new Follower();
    follower = fresh;
    StreamObserver<WatchRequest> requests = connection.watches().watch(fresh);
    fresh.requests = requests;
    requests.onNext(
        WatchRequest.newBuilder()
            .setCreateRequest(
                WatchCreateRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(settings.prefix()))
                    .setRangeEnd(endOf(settings.prefix()))
                    .setStartRevision(toEtcd(view.revision()) + 1))
            .build());
  }

  /// Follows anew after a moment.
  private void again(Runnable how) {
    try {
      var unused = executor.schedule(how, AGAIN_AFTER.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      close();
    }
  }

  private void reload() {
    try {
      Loaded loaded = load();
      List<Runnable> wakes = new ArrayList<>();
      synchronized (this) {
        if (closed) {
          return;
        }
        view.replace(loaded.entries(), loaded.revision(), wakes);
      }
      wakes.forEach(Runnable::run);
      LOG.warn("read everything from etcd again: watches begin anew from {}", view.revision());
      follow();
    } catch (StoreException e) {
      LOG.warn("{}", e.getMessage());
      again(this::reload);
    }
  }

  /// Stops following until [#follow] is called.
  synchronized void unfollow() {
    if (follower != null) {
      follower.stop();
    }
  }

  synchronized void close() {
    closed = true;
    unfollow();
  }

  /// One watch of etcd.
  private final class Follower implements StreamObserver<WatchResponse> {
    private @Nullable StreamObserver<WatchRequest> requests;
    private boolean done;

    @Override
    public void onNext(WatchResponse response) {
      List<Runnable> wakes = new ArrayList<>();
      synchronized (EtcdMirror.this) {
        if (done) {
          return;
        }
        if (response.getCanceled()) {
          stop();
          boolean forgotten = response.getCompactRevision() > 0;
          LOG.warn("etcd ended the watch: {}", response.getCancelReason());
          again(forgotten ? EtcdMirror.this::reload : EtcdMirror.this::follow);
          return;
        }
        apply(response, wakes);
      }
      wakes.forEach(Runnable::run);
    }

    private void apply(WatchResponse response, List<Runnable> wakes) {
      Map<String, @Nullable Entry> seen = new HashMap<>();
      List<Event> events = new ArrayList<>(response.getEventsCount());
      for (io.etcd.jetcd.api.Event event : response.getEventsList()) {
        long revision = toStore(event.getKv().getModRevision());
        if (revision <= view.revision()) {
          continue;
        }
        String key = settings.toStore(event.getKv().getKey().toStringUtf8());
        @Nullable Entry before = seen.containsKey(key) ? seen.get(key) : view.get(key);
        @Nullable Entry after = event.getType() == EventType.PUT ? entry(event.getKv()) : null;
        seen.put(key, after);
        if (before != null || after != null) {
          events.add(new Event(revision, before, after));
        }
      }
      if (!events.isEmpty()) {
        view.show(events, events.getLast().revision(), wakes);
      }
    }

    @Override
    public void onError(Throwable failure) {
      synchronized (EtcdMirror.this) {
        if (done) {
          return;
        }
        done = true;
      }
      LOG.info("{}", connection.failed("watching", failure).getMessage());
      again(EtcdMirror.this::follow);
    }

    @Override
    public void onCompleted() {
      onError(io.grpc.Status.UNAVAILABLE.withDescription("the watch ended").asRuntimeException());
    }

    private void stop() {
      done = true;
      if (requests != null) {
        requests.onCompleted();
      }
    }
  }
}
