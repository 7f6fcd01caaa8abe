// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The store in an etcd (3.4 or later), which several processes may share. It is held in memory
/// too: a mirror follows etcd, reads and cursors are served from its view.
///
/// A write is one transaction that compares the key's revision; it is acknowledged once etcd has
/// committed it and the mirror has shown it. A write whose answer is lost is not tried again: it
/// may have been done, and fails as [StoreException.Kind#UNREACHABLE].
public final class EtcdStore implements Store {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdStore.class);
  private static final Duration TIDY_EVERY = Duration.ofMinutes(1);
  private static final Duration SHOWN_WITHIN = Duration.ofSeconds(10);
  private static final int QUESTIONS_MAX = 2;

  private final EtcdSettings settings;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final Sealing sealing;
  private final EtcdConnection connection;
  private final EtcdLeases leases;
  private final EtcdLocks locks;
  private final EtcdTransactions transactions;
  private final EtcdMirror mirror;
  private final EtcdNotes notes;
  private final View view;
  private final EtcdFreshness freshness = new EtcdFreshness(() -> newest(1));
  private final Milestones milestones = new Milestones();
  private volatile boolean closed;

  private EtcdStore(
      EtcdSettings settings,
      Sealing sealing,
      EtcdConnection connection,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.settings = settings;
    this.clock = clock;
    this.executor = executor;
    this.sealing = sealing;
    this.connection = connection;
    this.leases = new EtcdLeases(connection, clock, executor);
    this.locks = new EtcdLocks(settings, connection, leases, clock, executor);
    this.transactions = new EtcdTransactions(ByteString.copyFromUtf8(settings.beside("head")));
    this.notes = new EtcdNotes(settings, connection, leases, sealing);
    leases.onLoss(notes::renew);
    notes.requireWhole();
    this.mirror = new EtcdMirror(settings, connection, sealing, executor, notes.offset());
    this.view = mirror.view();
    milestones.pass(clock.instant(), view.revision(), View.HISTORY);
    scheduleTidy();
  }

  /// @throws StoreException when no member answers or the certificates cannot be used
  public static EtcdStore open(
      EtcdSettings settings,
      Sealing sealing,
      InstantSource clock,
      ScheduledExecutorService executor) {
    EtcdConnection connection = new EtcdConnection(settings, executor);
    try {
      return new EtcdStore(settings, sealing, connection, clock, executor);
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /// What the processes on this store tell each other beside it.
  public EtcdNotes notes() {
    return notes;
  }

  @Override
  public Outcome put(String key, byte[] value, long expected, @Nullable Duration ttl) {
    Sealing.Sealed sealed = sealing.seal(key, value);
    ByteString etcdKey = ByteString.copyFromUtf8(settings.toEtcd(key));
    long lease = ttl == null ? 0 : leases.lease(ttl);
    TxnRequest request =
        transactions.put(
            conditions(etcdKey, expected),
            etcdKey,
            UnsafeByteOperations.unsafeWrap(sealed.bytes()),
            lease);
    TxnResponse answer = connection.await("writing " + key, connection.keys().txn(request));
    if (!answer.getSucceeded()) {
      return mismatch(key, expected, answer);
    }
    long revision = mirror.toStore(answer.getHeader().getRevision());
    awaitShown(revision);
    @Nullable Entry shown = view.get(key, revision);
    boolean ours = shown != null && shown.revision() == revision;
    return new Outcome.Done(
        ours && shown != null ? shown : Entry.sealed(key, value, revision, revision, sealed.by()),
        revision);
  }

  @Override
  public Outcome delete(String key, long expected) {
    ByteString etcdKey = ByteString.copyFromUtf8(settings.toEtcd(key));
    @Nullable Entry before = view.get(key);
    List<Compare> conditions = conditions(etcdKey, expected);
    if (expected == ANY) {
      conditions.add(EtcdTransactions.isThere(etcdKey));
    }
    TxnResponse answer =
        connection.await(
            "deleting " + key, connection.keys().txn(transactions.delete(conditions, etcdKey)));
    if (!answer.getSucceeded()) {
      return mismatch(key, expected, answer);
    }
    long revision = mirror.toStore(answer.getHeader().getRevision());
    awaitShown(revision);
    @Nullable Entry removed = view.get(key, revision - 1);
    @Nullable Entry known = removed == null ? before : removed;
    return known == null ? new Outcome.Mismatch(null) : new Outcome.Done(known, revision);
  }

  private List<Compare> conditions(ByteString etcdKey, long expected) {
    List<Compare> conditions = new ArrayList<>(EtcdLocks.conditions());
    if (expected == 0) {
      conditions.add(EtcdTransactions.hasRevision(etcdKey, 0));
    } else if (expected != ANY) {
      conditions.add(EtcdTransactions.hasRevision(etcdKey, mirror.toEtcd(expected)));
    }
    return conditions;
  }

  /// Shows what the write met before it is told of it, so that the caller can look again.
  private Outcome mismatch(String key, long expected, TxnResponse answer) {
    long newest = 0;
    @Nullable Entry current = null;
    for (KeyValue head : answer.getResponses(1).getResponseRange().getKvsList()) {
      newest = mirror.toStore(head.getModRevision());
    }
    for (KeyValue found : answer.getResponses(0).getResponseRange().getKvsList()) {
      newest = Math.max(newest, mirror.toStore(found.getModRevision()));
      current = mirror.entry(found);
    }
    awaitShown(newest);
    long revision = current == null ? 0 : current.revision();
    if (expected == revision || (expected == ANY && current != null)) {
      throw new StoreException(
          StoreException.Kind.UNREACHABLE,
          "nothing was written to %s: this server was out of touch with etcd for so long that another may have its lock"
              .formatted(key),
          null);
    }
    return new Outcome.Mismatch(current);
  }

  private void awaitShown(long revision) {
    CompletableFuture<Void> shown = view.reached(revision);
    try {
      shown.get(SHOWN_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      view.forget(shown);
      throw connection.failed(
          "following it to revision " + revision + ", seen " + view.revision(), e);
    } catch (InterruptedException e) {
      view.forget(shown);
      Thread.currentThread().interrupt();
      throw connection.failed("following it", e);
    }
  }

  @Override
  public void refresh() {
    awaitShown(connection.await("asking for the newest revision", freshness.ask()));
  }

  /// The revision of the newest write to this store, 0 when there was none. A read may be tried
  /// again.
  private CompletableFuture<Long> newest(int attempt) {
    return EtcdConnection.completable(connection.keys().range(transactions.readHead()))
        .thenApply(this::revisionOfHead)
        .exceptionallyCompose(
            failure ->
                attempt < QUESTIONS_MAX && isUnavailable(failure)
                    ? newest(attempt + 1)
                    : CompletableFuture.failedFuture(failure));
  }

  private long revisionOfHead(RangeResponse found) {
    return found.getKvsCount() == 0 ? 0 : mirror.toStore(found.getKvs(0).getModRevision());
  }

  private static boolean isUnavailable(Throwable failure) {
    return Status.fromThrowable(failure).getCode() == Status.Code.UNAVAILABLE;
  }

  @Override
  public <T> T alone(String name, Supplier<T> work) {
    return locks.alone(
        name,
        () -> {
          refresh();
          return work.get();
        });
  }

  @Override
  public @Nullable Entry get(String key) {
    return view.get(key);
  }

  @Override
  public Page range(String prefix, String after, int limit, long revision) {
    return view.range(prefix, after, limit, revision);
  }

  @Override
  public long count(String prefix) {
    return view.count(prefix);
  }

  @Override
  public long revision() {
    return view.revision();
  }

  @Override
  public long compactedRevision() {
    return view.compactedRevision();
  }

  @Override
  public Cursor watch(String prefix, long revision) {
    return view.watch(prefix, revision);
  }

  @Override
  public void compact(long revision) {
    view.compact(revision);
  }

  @Override
  public boolean isCurrent(Entry entry) {
    return sealing.isCurrent(entry.key(), entry.sealedBy());
  }

  @Override
  public Contents kept() {
    return EtcdContents.read(settings, connection, mirror, clock);
  }

  private void scheduleTidy() {
    try {
      var unused = executor.schedule(this::tidy, TIDY_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("history is tidied no more");
    }
  }

  /// Forgets history that is older than promised, here and in etcd. Several servers may ask for the
  /// same: etcd refuses what it has done already.
  private void tidy() {
    if (closed) {
      return;
    }
    try {
      Instant now = clock.instant();
      milestones.pass(now, view.revision(), View.HISTORY);
      view.shorten(milestones.olderThan(View.HISTORY_MIN, now));
      long old = milestones.olderThan(View.HISTORY, now);
      if (old > 0) {
        view.compact(old);
        forget(old);
      }
    } catch (StoreException e) {
      LOG.debug("{}", e.getMessage());
    } finally {
      scheduleTidy();
    }
  }

  /// Lets etcd forget its history before a revision.
  void forget(long revision) {
    CompactionRequest request =
        CompactionRequest.newBuilder().setRevision(mirror.toEtcd(revision)).build();
    var unused = connection.await("forgetting its history", connection.keys().compact(request));
  }

  void unfollow() {
    mirror.unfollow();
  }

  void follow() {
    mirror.follow();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      leases.close();
      mirror.close();
      connection.close();
    }
  }
}
