// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/// Runs short steps that do not block, many of which come at once: one write may wake a thousand
/// watches. A few tasks take them one after the other, where a task each would cost more than the
/// step.
final class Deliveries {
  private static final int TASKS_MAX = 2;
  private static final int STEPS_PER_TASK_MAX = 256;

  private final Executor executor;
  private final Queue<Runnable> steps = new ConcurrentLinkedQueue<>();
  private final AtomicInteger tasks = new AtomicInteger();

  Deliveries(Executor executor) {
    this.executor = executor;
  }

  /// Runs `step` soon; bounded by the number of watches, each of which waits at most once.
  void add(Runnable step) {
    steps.add(step);
    begin();
  }

  private void begin() {
    int running = tasks.get();
    while (running < TASKS_MAX && !steps.isEmpty()) {
      if (tasks.compareAndSet(running, running + 1)) {
        executor.execute(this::run);
        return;
      }
      running = tasks.get();
    }
  }

  /// A step that fails ends its own task only: the next one begins behind it.
  private void run() {
    try {
      for (int i = 0; i < STEPS_PER_TASK_MAX; i++) {
        Runnable step = steps.poll();
        if (step == null) {
          return;
        }
        step.run();
      }
    } finally {
      tasks.decrementAndGet();
      begin();
    }
  }
}
