// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

/// What one request may cost in regular expressions: a step is an instruction of an expression at a
/// character. However many rules a host has, an event loop gets on to the next request. Of one
/// thread.
public final class Steps {
  /// About two of the largest expressions on the longest text.
  static final int MAX = 4_000_000;

  private long left = MAX;

  /// @return whether that many were left, and are spent now
  boolean spend(long steps) {
    left -= steps;
    return !areSpent();
  }

  /// Whether more were wanted than there are, so that nobody knows which rule fits.
  public boolean areSpent() {
    return left < 0;
  }
}
