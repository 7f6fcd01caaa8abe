// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leases: those of keys that end by themselves, of which many that begin within a minute share
/// one, and the lease of this process, which is kept alive and ends soon after it was killed.
final class EtcdLeases implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdLeases.class);
  private static final int KEYS_MAX = 1_000;
  private static final Duration SHARED_FOR = Duration.ofMinutes(1);

  /// A part of the time to live by which a shared lease may outlive what it is for.
  private static final int SHARED_PART = 20;

  /// How long the locks of a killed process stand.
  static final Duration OWN_TTL = Duration.ofSeconds(15);

  private static final Duration KEEP_ALIVE_EVERY = Duration.ofSeconds(4);

  private final EtcdConnection connection;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final Map<Duration, Shared> shared = new HashMap<>();
  private Runnable lost = () -> {};
  private long own;
  private boolean kept;
  private boolean closed;

  private record Shared(long id, Instant until, int keys) {}

  EtcdLeases(EtcdConnection connection, InstantSource clock, ScheduledExecutorService executor) {
    this.connection = connection;
    this.clock = clock;
    this.executor = executor;
  }

  /// A lease for a key that ends after `ttl`, or up to a twentieth later.
  synchronized long lease(Duration ttl) {
    Instant now = clock.instant();
    @Nullable Shared known = shared.get(ttl);
    if (known == null || known.keys() == KEYS_MAX || !now.isBefore(known.until())) {
      Duration shares = min(SHARED_FOR, ttl.dividedBy(SHARED_PART));
      known = new Shared(grant(ttl.plus(shares)), now.plus(shares), 0);
    }
    shared.put(ttl, new Shared(known.id(), known.until(), known.keys() + 1));
    return known.id();
  }

  private static Duration min(Duration one, Duration other) {
    return one.compareTo(other) <= 0 ? one : other;
  }

  private long grant(Duration ttl) {
    long seconds = Math.max(1, ttl.plusMillis(999).toSeconds());
    LeaseGrantResponse answer =
        connection.await(
            "a lease",
            connection.leases().leaseGrant(LeaseGrantRequest.newBuilder().setTTL(seconds).build()));
    return answer.getID();
  }

  /// Runs `afterwards` whenever the lease of this process was lost, so that what stood on it comes
  /// to stand on the next.
  void onLoss(Runnable afterwards) {
    lost = afterwards;
  }

  /// The lease of this process.
  synchronized long own() {
    if (own == 0) {
      own = grant(OWN_TTL);
      if (!kept) {
        kept = true;
        keepAliveLater();
      }
    }
    return own;
  }

  private void keepAliveLater() {
    try {
      var unused =
          executor.schedule(this::keepAlive, KEEP_ALIVE_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more is kept alive");
    }
  }

  /// One that is gone is replaced.
  private void keepAlive() {
    long id;
    synchronized (this) {
      if (closed) {
        return;
      }
      id = own;
    }
    try {
      boolean gone = id == 0 || connection.await("keeping a lease", renewed(id)) <= 0;
      if (gone) {
        LOG.warn("this server did not reach etcd for so long that its lease ended");
        synchronized (this) {
          own = 0;
        }
        lost.run();
      }
    } catch (StoreException e) {
      LOG.info("{}", e.getMessage());
    } finally {
      keepAliveLater();
    }
  }

  /// The seconds a lease has now, 0 when it is gone.
  private CompletableFuture<Long> renewed(long id) {
    CompletableFuture<Long> answer = new CompletableFuture<>();
    StreamObserver<LeaseKeepAliveRequest> requests =
        connection
            .leaseStreams()
            .leaseKeepAlive(
                new StreamObserver<LeaseKeepAliveResponse>() {
                  @Override
                  public void onNext(LeaseKeepAliveResponse response) {
                    answer.complete(response.getTTL());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {
                    answer.completeExceptionally(new IllegalStateException("no answer"));
                  }
                });
    requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(id).build());
    requests.onCompleted();
    return answer;
  }

  /// Ends the lease of this process.
  @Override
  public void close() {
    long id;
    synchronized (this) {
      closed = true;
      id = own;
      own = 0;
    }
    if (id != 0) {
      try {
        var unused =
            connection.await(
                "ending a lease",
                connection.leases().leaseRevoke(LeaseRevokeRequest.newBuilder().setID(id).build()));
      } catch (StoreException e) {
        LOG.info("the lease of this server ends by itself: {}", e.getMessage());
      }
    }
  }
}
