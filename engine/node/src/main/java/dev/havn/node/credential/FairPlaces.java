// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Places for what may go on at a time. Nobody has more than a part of them, and one that gets free
/// goes to who has the fewest, of several to who waits longest. For many threads.
final class FairPlaces {
  private final int ofOne;
  private final int waitingOfOne;
  private final Map<String, Integer> taken = new HashMap<>();
  private final Set<Waiting> waiting = new LinkedHashSet<>();
  private int free;

  private record Waiting(String who, CompletableFuture<Boolean> called) {}

  /// @param all how many there are
  /// @param ofOne how many of them somebody may have
  /// @param waitingOfOne how many more he may wait for
  FairPlaces(int all, int ofOne, int waitingOfOne) {
    this.ofOne = ofOne;
    this.waitingOfOne = waitingOfOne;
    this.free = all;
  }

  /// Takes a place, which [#leave(String)] gives back.
  ///
  /// @throws IOException when there is none in time, or too many are waited for
  void enter(String who, Duration patience) throws IOException {
    Waiting mine = new Waiting(who, new CompletableFuture<>());
    synchronized (this) {
      if (waiting.stream().filter(each -> each.who().equals(who)).count() >= waitingOfOne) {
        throw new IOException("%d already wait for their turn".formatted(waitingOfOne));
      }
      waiting.add(mine);
      call();
    }
    try {
      boolean unused = mine.called().get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      requireCalled(mine, new IOException("its turn does not come in " + patience, e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      requireCalled(mine, new InterruptedIOException("interrupted while it waited for its turn"));
    } catch (ExecutionException e) {
      throw new AssertionError("nothing fails there", e);
    }
  }

  /// Who gave up may have been called in that moment.
  private synchronized void requireCalled(Waiting mine, IOException otherwise) throws IOException {
    if (waiting.remove(mine)) {
      throw otherwise;
    }
  }

  synchronized void leave(String who) {
    taken.computeIfPresent(who, (_, count) -> count == 1 ? null : count - 1);
    free++;
    call();
  }

  private void call() {
    for (@Nullable Waiting next = next(); next != null; next = next()) {
      waiting.remove(next);
      taken.merge(next.who(), 1, Integer::sum);
      free--;
      next.called().complete(true);
    }
  }

  private @Nullable Waiting next() {
    @Nullable Waiting next = null;
    int fewest = free > 0 ? ofOne : 0;
    for (Waiting each : waiting) {
      int has = taken.getOrDefault(each.who(), 0);
      if (has < fewest) {
        next = each;
        fewest = has;
      }
    }
    return next;
  }
}
