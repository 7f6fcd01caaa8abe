// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What ends in steps, one after another: a step that fails keeps no other from being taken.
/// Whoever finishes hears of the first failure, with the later ones beside it. Of one thread.
public final class Closing {
  private @Nullable Throwable failure;

  /// Ends a part.
  @FunctionalInterface
  public interface Step {
    void take() throws Exception;
  }

  /// Takes a step now.
  ///
  /// @return whether it succeeded
  public boolean step(Step step) {
    try {
      step.take();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      note(e);
    } catch (Throwable e) {
      note(e);
    }
    return false;
  }

  /// Takes a step that leaves something.
  ///
  /// @return what it leaves, empty when it has failed
  public <T> Optional<T> value(Callable<T> step) {
    List<T> left = new ArrayList<>();
    step(() -> left.add(step.call()));
    return left.stream().findFirst();
  }

  private void note(Throwable e) {
    if (failure == null) {
      failure = e;
    } else if (failure != e) {
      failure.addSuppressed(e);
    }
  }

  /// Tells somebody what has failed, in the words of the failures; nobody when nothing has.
  public void ifFailed(Consumer<String> listener) {
    Throwable first = failure;
    if (first != null) {
      listener.accept(
          Stream.concat(Stream.of(first), Stream.of(first.getSuppressed()))
              .map(each -> each.getMessage() == null ? each.toString() : each.getMessage())
              .collect(Collectors.joining("; ")));
    }
  }

  /// The first failure, with the later ones beside it; empty when nothing has failed.
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /// Throws the first failure, as it is where it needs no declaration.
  public void finish() {
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case IOException e -> throw beside(e, new UncheckedIOException(e.getMessage(), e));
      case Throwable e -> throw beside(e, new IllegalStateException(e.toString(), e));
    }
  }

  private static RuntimeException beside(Throwable cause, RuntimeException thrown) {
    Stream.of(cause.getSuppressed()).forEach(thrown::addSuppressed);
    return thrown;
  }
}
