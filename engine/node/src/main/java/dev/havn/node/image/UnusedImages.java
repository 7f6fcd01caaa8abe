// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import dev.havn.node.configuration.ImagePolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/// Which images go, of those that nobody uses: whoever was used longest ago first, as a kubelet
/// chooses.
final class UnusedImages {
  private UnusedImages() {}

  /// An image that nobody uses now.
  ///
  /// @param met when it was first seen
  /// @param used when it was last seen in use, [Instant#MIN] for never
  record Unused(String id, long bytes, Instant met, Instant used) {}

  /// Those that nobody has used for too long. What was used before `since` is not known.
  static List<Unused> old(List<Unused> all, ImagePolicy policy, Instant since, Instant now) {
    boolean knowsEnough = isBefore(since, policy.unusedMax(), now);
    return policy.unusedMax().isZero() || !knowsEnough
        ? List.of()
        : inOrder(all).stream()
            .filter(each -> isBefore(each.used(), policy.unusedMax(), now))
            .toList();
  }

  /// Those that may go, in the order in which they do.
  static List<Unused> free(List<Unused> all, ImagePolicy policy, Instant now) {
    return inOrder(all).stream()
        .filter(each -> each.used().isBefore(now))
        .filter(each -> !isAfter(each.met(), policy.ageMin(), now))
        .toList();
  }

  /// How many bytes must go from a disk of a size, 0 where it is not too full.
  static long tooMany(ImagePolicy policy, long capacityBytes, long availableBytes) {
    long available = Math.min(availableBytes, capacityBytes);
    long usedPercent = 100 - (long) (available * 100.0 / capacityBytes);
    return usedPercent < policy.highPercent()
        ? 0
        : Math.max(0, (long) (capacityBytes / 100.0 * (100 - policy.lowPercent())) - available);
  }

  private static List<Unused> inOrder(List<Unused> all) {
    return all.stream()
        .sorted(Comparator.comparing(Unused::used).thenComparing(Unused::met))
        .toList();
  }

  private static boolean isBefore(Instant time, Duration age, Instant now) {
    return time.isBefore(now.minus(age));
  }

  private static boolean isAfter(Instant time, Duration age, Instant now) {
    return time.isAfter(now.minus(age));
  }
}
