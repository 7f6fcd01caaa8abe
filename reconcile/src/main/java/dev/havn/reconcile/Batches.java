// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Function;

/// Carries out many writes side by side, so that they share the disk: in batches that double, so
/// that what is refused for all of them is asked for a few times only.
public final class Batches {
  private static final int AT_A_TIME_MAX = 64;

  private final ExecutorService executor;

  public Batches(ExecutorService executor) {
    this.executor = executor;
  }

  /// A batch is finished although one of it fails; no other is begun then.
  ///
  /// @param write says what the API refused
  /// @return what failed first
  public <T> Optional<RuntimeException> run(
      List<T> items, Function<T, Optional<RuntimeException>> write) {
    int batch = 1;
    for (int begun = 0; begun < items.size(); ) {
      int end = Math.min(items.size(), begun + batch);
      Optional<RuntimeException> failure = together(items.subList(begun, end), write);
      if (failure.isPresent()) {
        return failure;
      }
      begun = end;
      batch = Math.min(2 * batch, AT_A_TIME_MAX);
    }
    return Optional.empty();
  }

  private <T> Optional<RuntimeException> together(
      List<T> items, Function<T, Optional<RuntimeException>> write) {
    List<Callable<Optional<RuntimeException>>> all = new ArrayList<>();
    items.forEach(item -> all.add(() -> write.apply(item)));
    Optional<RuntimeException> first = Optional.empty();
    try {
      for (Future<Optional<RuntimeException>> each : executor.invokeAll(all)) {
        Optional<RuntimeException> failure = each.get();
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
