// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

/// A reader asks for a revision that is no longer kept.
public final class CompactedException extends RuntimeException {
  private final long requested;
  private final long available;

  public CompactedException(long requested, long available) {
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
