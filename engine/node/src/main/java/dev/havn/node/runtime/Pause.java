// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Waits for another process, which tells nothing.
final class Pause {
  /// How often one looks for what must come within seconds.
  static final int LOOKS_MAX = 500;

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
