// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Waits for another process, which tells nothing.
final class Pause {
  private static final long MILLIS = 10;

  private Pause() {}

  static void brief() throws InterruptedIOException {
    try {
      boolean unused = new CountDownLatch(1).await(MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
