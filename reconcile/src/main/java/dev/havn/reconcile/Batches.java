// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Carries out many writes side by side, so that they share the disk: first in batches that double,
/// so that what is refused for all of them is asked for a few times only.
public final class Batches {
  private static final int AT_A_TIME_MAX = 64;

  private final ExecutorService executor;

  public Batches(ExecutorService executor) {
    this.executor = executor;
  }

  /// What is begun is finished although one fails; no other is begun then.
  ///
  /// @param write says what the API refused
  /// @return what failed first
  public <T, E extends RuntimeException> Optional<E> run(
      List<T> items, Function<T, Optional<E>> write) {
    int begun = 0;
    for (int batch = 1; batch < AT_A_TIME_MAX && begun < items.size(); batch *= 2) {
      int end = Math.min(items.size(), begun + batch);
      Optional<E> failure = together(items.subList(begun, end), write);
      if (failure.isPresent()) {
        return failure;
      }
      begun = end;
    }
    return inTurn(items.subList(begun, items.size()), write);
  }

  /// As many as may be at a time, each followed by the next at once.
  private <T, E extends RuntimeException> Optional<E> inTurn(
      List<T> items, Function<T, Optional<E>> write) {
    AtomicInteger next = new AtomicInteger();
    AtomicBoolean failed = new AtomicBoolean();
    return together(
        IntStream.range(0, Math.min(AT_A_TIME_MAX, items.size())).boxed().toList(),
        _ -> {
          boolean done = false;
          try {
            Optional<E> failure = Optional.empty();
            while (failure.isEmpty() && !failed.get()) {
              int item = next.getAndIncrement();
              if (item >= items.size()) {
                break;
              }
              failure = write.apply(items.get(item));
            }
            done = failure.isEmpty();
            return failure;
          } finally {
            if (!done) {
              failed.set(true);
            }
          }
        });
  }

  private <T, E extends RuntimeException> Optional<E> together(
      List<T> items, Function<T, Optional<E>> write) {
    List<Callable<Optional<E>>> all = new ArrayList<>();
    items.forEach(item -> all.add(() -> write.apply(item)));
    Optional<E> first = Optional.empty();
    try {
      for (Future<Optional<E>> each : executor.invokeAll(all)) {
        Optional<E> failure = each.get();
        first = first.or(() -> failure);
      }
      return first;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known
          ? known
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while writing", e);
    }
  }
}
