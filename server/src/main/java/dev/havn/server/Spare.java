// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The next cluster of a JVM, made on a thread of its own while a test works with the one before:
/// who has asked for a second will ask for a third. At most one waits, of the size that was asked
/// for last; what nobody takes is closed when another size is asked for or the JVM ends.
final class Spare<C extends AutoCloseable> {
  private static final Logger LOG = LoggerFactory.getLogger(Spare.class);

  private final IntFunction<C> maker;
  private final AtomicReference<@Nullable Ahead<C>> slot = new AtomicReference<>();
  private final AtomicBoolean hooked = new AtomicBoolean();

  private record Ahead<C>(int size, CompletableFuture<C> cluster) {}

  Spare(IntFunction<C> maker) {
    this.maker = maker;
  }

  /// A cluster, the one that waits or another, and has the next one made.
  ///
  /// @throws RuntimeException of the maker
  C take(int size) {
    @Nullable Ahead<C> waiting = slot.getAndSet(null);
    C taken;
    if (waiting == null) {
      taken = maker.apply(size);
    } else if (waiting.size() == size) {
      taken = made(waiting);
    } else {
      var unused = waiting.cluster().thenAcceptAsync(Spare::close, Spare::start);
      taken = maker.apply(size);
    }
    makeNext(size);
    return taken;
  }

  private void makeNext(int size) {
    CompletableFuture<C> next = new CompletableFuture<>();
    if (!slot.compareAndSet(null, new Ahead<>(size, next))) {
      return; // Tests run at the same time, another's waits already.
    }
    if (hooked.compareAndSet(false, true)) {
      Runtime.getRuntime().addShutdownHook(new Thread(this::drop, "havn-spare-end"));
    }
    next.completeAsync(() -> maker.apply(size), Spare::start);
  }

  private static <C> C made(Ahead<C> ahead) {
    try {
      return ahead.cluster().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException own) {
        throw own;
      }
      throw e;
    }
  }

  /// Closes the one that waits, if any does.
  void drop() {
    @Nullable Ahead<C> waiting = slot.getAndSet(null);
    if (waiting != null) {
      waiting.cluster().thenAccept(Spare::close).join();
    }
  }

  /// A JVM does not wait for it.
  private static void start(Runnable work) {
    Thread.ofPlatform().daemon().name("havn-spare").start(work);
  }

  private static void close(AutoCloseable cluster) {
    try {
      cluster.close();
    } catch (Exception e) {
      LOG.warn("a spare cluster is not closed", e);
    }
  }
}
