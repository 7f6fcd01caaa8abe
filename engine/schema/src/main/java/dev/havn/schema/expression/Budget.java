// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

/// What may be spent together by several expressions, in Kubernetes' units of cost (about 50 ns
/// each). One thread at a time.
public final class Budget {
  /// For the rules of one write of a custom object, and for what a policy with one binding asks.
  public static final long OF_A_WRITE = 10_000_000;

  /// For the conditions of one webhook, or of a policy with one binding.
  public static final long OF_CONDITIONS = 2_500_000;

  /// What is said when nothing is left.
  public static final String SPENT =
      "validation failed due to running out of cost budget, no further validation rules will be run";

  private long left;

  public Budget(long limit) {
    left = limit;
  }

  /// What is left; negative once more was asked for than there was.
  public long left() {
    return left;
  }

  /// Whether there was enough. When not, nothing is left.
  boolean spend(long cost) {
    left = left < cost ? -1 : left - cost;
    return left >= 0;
  }
}
