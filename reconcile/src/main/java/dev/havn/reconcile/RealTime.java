// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The executor of a running cluster: each task on a virtual thread of its own, timers kept by one
/// platform thread that only hands tasks over.
///
/// The processors that carry virtual threads keep a queue for each platform thread that starts
/// some, and leave one only when it is empty. Under load what one thread of the network hands over
/// would wait for seconds while another's has its turn again and again, and timers would too. So
/// what is handed over stands in one line, and whoever ends a task starts what stands there.
public final class RealTime extends AbstractExecutorService implements ScheduledExecutorService {
  private final ExecutorService tasks =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("task-", 0).factory());

  /// What platform threads have handed over and nobody has begun.
  private final Queue<Runnable> handedOver = new ConcurrentLinkedQueue<>();

  private final ScheduledThreadPoolExecutor timers =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("timers").factory());

  public RealTime() {
    timers.setRemoveOnCancelPolicy(true);
  }

  @Override
  public void execute(Runnable command) {
    if (Thread.currentThread().isVirtual()) {
      start(command);
    } else {
      handedOver.add(command);
      tasks.execute(this::takeOver);
    }
  }

  private void start(Runnable command) {
    tasks.execute(
        () -> {
          try {
            command.run();
          } finally {
            takeOver();
          }
        });
  }

  /// After a shutdown nothing can be started, so the rest is run here.
  private void takeOver() {
    for (@Nullable Runnable next = handedOver.poll(); next != null; next = handedOver.poll()) {
      try {
        start(next);
      } catch (RejectedExecutionException closing) {
        next.run();
      }
    }
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return timers.schedule(() -> execute(command), delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return timers.schedule(callable, delay, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initial, long period, TimeUnit unit) {
    return timers.scheduleAtFixedRate(() -> execute(command), initial, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initial, long delay, TimeUnit unit) {
    return timers.scheduleWithFixedDelay(() -> execute(command), initial, delay, unit);
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
