// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Locks that all processes on one etcd respect: a key on the lease of the process that holds it.
/// While work runs under a lock, every write of its thread has the condition that the lock still
/// stands: a process that stood still until its lease ended can write nothing under it any more.
final class EtcdLocks {
  private static final ScopedValue<Compare> HELD = ScopedValue.newInstance();
  private static final Duration WAIT_MAX = Duration.ofSeconds(20);
  private static final Duration LOOK_EVERY = Duration.ofMillis(20);

  private final EtcdSettings settings;
  private final EtcdConnection connection;
  private final EtcdLeases leases;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;

  /// Threads of this process agree among themselves first.
  private final Map<String, ReentrantLock> here = new ConcurrentHashMap<>();

  EtcdLocks(
      EtcdSettings settings,
      EtcdConnection connection,
      EtcdLeases leases,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.settings = settings;
    this.connection = connection;
    this.leases = leases;
    this.clock = clock;
    this.executor = executor;
  }

  /// The conditions of every write of this thread now.
  static List<Compare> conditions() {
    return HELD.isBound() ? List.of(HELD.get()) : List.of();
  }

  /// @param work begins once nobody else holds the lock, in whichever process
  <T> T alone(String name, Supplier<T> work) {
    ReentrantLock lock = here.computeIfAbsent(name, _ -> new ReentrantLock());
    if (lock.isHeldByCurrentThread()) {
      return work.get();
    }
    lock.lock();
    try {
      ByteString key = ByteString.copyFromUtf8(settings.beside("locks/" + name));
      long revision = take(name, key);
      try {
        return ScopedValue.where(HELD, EtcdTransactions.hasRevision(key, revision)).call(work::get);
      } finally {
        release(key, revision);
      }
    } finally {
      lock.unlock();
    }
  }

  private long take(String name, ByteString key) {
    Instant end = clock.instant().plus(WAIT_MAX);
    while (true) {
      PutRequest put = PutRequest.newBuilder().setKey(key).setLease(leases.own()).build();
      TxnRequest request =
          TxnRequest.newBuilder()
              .addCompare(EtcdTransactions.hasRevision(key, 0))
              .addSuccess(RequestOp.newBuilder().setRequestPut(put))
              .build();
      TxnResponse answer = connection.await("the lock " + name, connection.keys().txn(request));
      if (answer.getSucceeded()) {
        return answer.getHeader().getRevision();
      }
      if (clock.instant().isAfter(end)) {
        throw new StoreException(
            StoreException.Kind.UNREACHABLE,
            "another server has held the lock " + name + " for " + WAIT_MAX.toSeconds() + " s",
            null);
      }
      pause();
    }
  }

  private void pause() {
    CompletableFuture<Void> over = new CompletableFuture<>();
    var unused =
        executor.schedule(() -> over.complete(null), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    over.join();
  }

  /// A lock that cannot be released now ends with the lease, or is overwritten by nobody else.
  private void release(ByteString key, long revision) {
    RequestOp delete =
        RequestOp.newBuilder()
            .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(key))
            .build();
    var unused =
        connection
            .keys()
            .txn(
                TxnRequest.newBuilder()
                    .addCompare(EtcdTransactions.hasRevision(key, revision))
                    .addSuccess(delete)
                    .build());
  }
}
