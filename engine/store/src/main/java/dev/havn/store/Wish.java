// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A write that waits for its turn, and the thread that waits for it. It is done once, by whoever
/// holds the store's commit lock.
final class Wish {
  private final String key;
  private final byte @Nullable [] value;
  private final Sealing.@Nullable Sealed sealed;
  private final long expected;
  private final long expiresMillis;
  private final Thread waiter = Thread.currentThread();

  private volatile @Nullable Outcome outcome;
  private volatile @Nullable StoreException failure;

  /// @param value null to delete
  /// @param sealed the form in which the value is to be kept, null to delete
  /// @param expected the revision the key must have, or [Store#ANY]
  /// @param expiresMillis since the epoch, 0 for never
  Wish(
      String key,
      byte @Nullable [] value,
      Sealing.@Nullable Sealed sealed,
      long expected,
      long expiresMillis) {
    this.key = key;
    this.value = value;
    this.sealed = sealed;
    this.expected = expected;
    this.expiresMillis = expiresMillis;
  }

  String key() {
    return key;
  }

  byte @Nullable [] value() {
    return value;
  }

  Sealing.@Nullable Sealed sealed() {
    return sealed;
  }

  long expected() {
    return expected;
  }

  long expiresMillis() {
    return expiresMillis;
  }

  boolean isDone() {
    return outcome != null || failure != null;
  }

  void complete(Outcome result) {
    outcome = result;
    wake();
  }

  void fail(StoreException why) {
    failure = why;
    wake();
  }

  /// Lets [#await] return, now or the next time it is called.
  void wake() {
    LockSupport.unpark(waiter);
  }

  /// Sleeps until [#wake]; may return earlier.
  void await() {
    LockSupport.park(this);
  }

  /// Of a wish that is done.
  ///
  /// @throws StoreException as it failed, with the stack of the waiter
  Outcome outcome() {
    @Nullable StoreException why = failure;
    if (why != null) {
      throw new StoreException(why.kind(), String.valueOf(why.getMessage()), why);
    }
    @Nullable Outcome result = outcome;
    if (result == null) {
      throw new AssertionError("a wish that is not done has no outcome");
    }
    return result;
  }
}
