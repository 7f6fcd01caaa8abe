// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.resource.ApiException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// How many requests are handled at a time. Those beyond wait a moment before their bodies are
/// read, and are told to come again when it stays full. Watches and streams do not count: they
/// last, and cost little while nothing happens.
final class Concurrency {
  private static final int WAITING_MAX = 2_000;
  private static final int RETRY_SECONDS = 1;
  private static final String REFUSAL = "Too many requests, please try again later.";

  private final Lane reads;
  private final Lane writes;

  Concurrency(ConcurrencyLimits limits) {
    this.reads = new Lane(limits.reads(), limits.patience());
    this.writes = new Lane(limits.writes(), limits.patience());
  }

  /// What a request holds while it is handled.
  @FunctionalInterface
  interface Place extends AutoCloseable {
    @Override
    void close();
  }

  /// Parts of this process bound themselves, and whoever may do everything must get through to mend
  /// things.
  Place enter(Metrics.Asked asked, RequestInfo info, Credential credential, UserInfo user) {
    boolean exempt =
        asked.isLong()
            || !info.isResource()
            || credential instanceof Credential.Loopback
            || user.groups().contains("system:masters");
    return exempt ? () -> {} : (Metrics.isRead(info) ? reads : writes).enter();
  }

  /// Requests of one kind.
  private static final class Lane {
    private final Semaphore places;
    private final Semaphore waiting = new Semaphore(WAITING_MAX);
    private final Duration patience;

    Lane(int most, Duration patience) {
      this.places = new Semaphore(most, true);
      this.patience = patience;
    }

    Place enter() {
      if (!places.tryAcquire() && !await()) {
        throw ApiException.tooManyRequests(REFUSAL, RETRY_SECONDS);
      }
      return places::release;
    }

    private boolean await() {
      if (!waiting.tryAcquire()) {
        return false;
      }
      try {
        return places.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      } finally {
        waiting.release();
      }
    }
  }
}
