// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

/// A reader asks for a revision that has not been reached.
public final class FutureRevisionException extends RuntimeException {
  private final long requested;
  private final long available;

  public FutureRevisionException(long requested, long available) {
    super("revision " + requested + " asked for, " + available + " available");
    this.requested = requested;
    this.available = available;
  }

  public long requested() {
    return requested;
  }

  /// The oldest revision kept, or the newest reached.
  public long available() {
    return available;
  }
}
