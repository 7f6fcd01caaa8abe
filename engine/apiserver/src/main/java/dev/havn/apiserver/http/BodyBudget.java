// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.util.concurrent.atomic.AtomicLong;

/// The bytes that all bodies together may take.
final class BodyBudget {
  private final long bytesMax;
  private final AtomicLong taken = new AtomicLong();

  BodyBudget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  boolean take(int bytes) {
    if (taken.addAndGet(bytes) <= bytesMax) {
      return true;
    }
    taken.addAndGet(-bytes);
    return false;
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }
}
