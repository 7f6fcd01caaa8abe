// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/// A lock for each name, as long as somebody holds it or waits for it.
final class Locks {
  private final Map<String, Counted> byName = new HashMap<>();

  /// What is done under a lock.
  @FunctionalInterface
  interface Action<E extends Exception> {
    void run() throws E;
  }

  private static final class Counted {
    private final ReentrantLock lock = new ReentrantLock();
    private int users;
  }

  <E extends Exception> void with(String name, Action<E> action) throws E {
    Counted counted;
    synchronized (byName) {
      counted = byName.computeIfAbsent(name, _ -> new Counted());
      counted.users++;
    }
    counted.lock.lock();
    try {
      action.run();
    } finally {
      counted.lock.unlock();
      leave(name);
    }
  }

  private void leave(String name) {
    synchronized (byName) {
      Counted counted = Objects.requireNonNull(byName.get(name));
      counted.users--;
      if (counted.users == 0) {
        byName.remove(name);
      }
    }
  }
}
