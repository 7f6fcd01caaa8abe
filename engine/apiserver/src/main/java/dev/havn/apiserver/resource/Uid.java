// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import java.util.UUID;
import java.util.random.RandomGenerator;

/// What tells an object from all others that ever were or will be: a random UUID (RFC 9562, version
/// 4) from the cluster's own source of randomness.
public final class Uid {
  private Uid() {}

  public static String next(RandomGenerator random) {
    long high = (random.nextLong() & ~0xf000L) | 0x4000L;
    long low = (random.nextLong() & 0x3fffffffffffffffL) | 0x8000000000000000L;
    return new UUID(high, low).toString();
  }
}
