// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import java.time.Duration;

/// How much of something a node must have left.
///
/// @param grace how long it may have less before pods end; zero for a hard threshold
/// @param reclaimed what it must have beyond the threshold, once it had less, to be well again
public record EvictionThreshold(
    EvictionSignal signal, Amount amount, boolean isSoft, Duration grace, Amount reclaimed) {

  /// A number, or a part of all there is.
  public sealed interface Amount {
    Amount NONE = new Absolute(0);

    /// @param capacity all there is
    long of(long capacity);
  }

  public record Absolute(long number) implements Amount {
    @Override
    public long of(long capacity) {
      return number;
    }
  }

  public record Percentage(double percent) implements Amount {
    @Override
    public long of(long capacity) {
      return (long) (capacity * percent / 100);
    }
  }

  static EvictionThreshold hard(EvictionSignal signal, Amount amount) {
    return new EvictionThreshold(signal, amount, false, Duration.ZERO, Amount.NONE);
  }
}
