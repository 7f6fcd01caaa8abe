// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/// Names requests in logs. They need not be hard to guess, only different, and the same in the same
/// simulation: a sequence of its own, so that who asks what at a door changes nothing elsewhere.
final class AuditIds {
  private static final long STEP = 0x9e3779b97f4a7c15L;

  private final AtomicLong at;

  AuditIds(long seed) {
    this.at = new AtomicLong(seed);
  }

  /// A UUID of version 4.
  String next() {
    long high = (mix(at.addAndGet(STEP)) & ~0xf000L) | 0x4000L;
    long low = (mix(at.addAndGet(STEP)) & 0x3fffffffffffffffL) | 0x8000000000000000L;
    return new UUID(high, low).toString();
  }

  /// Of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  private static long mix(long state) {
    long z = (state ^ (state >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
