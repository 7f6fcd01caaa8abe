// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// The executor of a running cluster: each task on a virtual thread of its own, timers kept by one
/// platform thread that only hands tasks over.
public final class RealTime extends AbstractExecutorService implements ScheduledExecutorService {
  private final ExecutorService tasks =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("task-", 0).factory());
  private final ScheduledThreadPoolExecutor timers =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("timers").factory());

  public RealTime() {
    timers.setRemoveOnCancelPolicy(true);
  }

  @Override
  public void execute(Runnable command) {
    tasks.execute(command);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return timers.schedule(() -> tasks.execute(command), delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return timers.schedule(callable, delay, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initial, long period, TimeUnit unit) {
    return timers.scheduleAtFixedRate(() -> tasks.execute(command), initial, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initial, long delay, TimeUnit unit) {
    return timers.scheduleWithFixedDelay(() -> tasks.execute(command), initial, delay, unit);
  }

  @Override
  public void shutdown() {
    timers.shutdownNow();
    tasks.shutdown();
  }

  @Override
  public List<Runnable> shutdownNow() {
    timers.shutdownNow();
    return tasks.shutdownNow();
  }

  @Override
  public boolean isShutdown() {
    return tasks.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return tasks.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return tasks.awaitTermination(timeout, unit);
  }
}
