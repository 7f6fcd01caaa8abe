// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// How far the pull of one image is. For many threads: layers come at the same time.
public final class PullProgress {
  private static final long SECOND_MILLIS = 1_000;

  private final String image;
  private final Instant since;
  private final Map<String, AtomicLong> byFile = new ConcurrentHashMap<>();
  private volatile long bytes;

  PullProgress(String image, Instant since) {
    this.image = image;
    this.since = since;
  }

  /// @param bytesDone that have come
  /// @param bytes that are to come in all, without layers that are here already; 0 until the
  ///   registry has said so
  /// @param bytesPerSecond on average since the pull began
  public record State(
      String image, Instant since, long bytesDone, long bytes, long bytesPerSecond) {}

  void expect(long all) {
    bytes = all;
  }

  /// How much of a file is here.
  AtomicLong of(String file) {
    return byFile.computeIfAbsent(file, _ -> new AtomicLong());
  }

  State at(Instant now) {
    long done = byFile.values().stream().mapToLong(AtomicLong::get).sum();
    long millis = Math.max(1, Duration.between(since, now).toMillis());
    return new State(image, since, done, bytes, done * SECOND_MILLIS / millis);
  }
}
