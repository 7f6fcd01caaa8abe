// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.VirtualTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/// Virtual time in which what is ready runs in any order.
final class AnyOrder extends AbstractExecutorService implements ScheduledExecutorService {
  private final VirtualTime time;
  private final Random random;
  private final List<Runnable> ready = new ArrayList<>();

  AnyOrder(VirtualTime time, Random random) {
    this.time = time;
    this.random = random;
  }

  @Override
  public void execute(Runnable command) {
    ready.add(command);
    time.execute(() -> ready.remove(random.nextInt(ready.size())).run());
  }

  /// At once, as in virtual time: who waits for them is the only one who works.
  @Override
  public <T> List<Future<T>> invokeAll(Collection<? extends Callable<T>> tasks) {
    return time.invokeAll(tasks);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return time.schedule(command, delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return time.schedule(callable, delay, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initial, long period, TimeUnit unit) {
    return time.scheduleAtFixedRate(command, initial, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initial, long delay, TimeUnit unit) {
    return time.scheduleWithFixedDelay(command, initial, delay, unit);
  }

  @Override
  public void shutdown() {}

  @Override
  public List<Runnable> shutdownNow() {
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return time.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return time.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return isTerminated();
  }
}
