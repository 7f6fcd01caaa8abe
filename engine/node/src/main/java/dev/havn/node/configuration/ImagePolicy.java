// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import java.time.Duration;

/// When images that nobody uses are removed.
///
/// @param highPercent how full the disk must be for that; 100 is never
/// @param lowPercent how full it may be afterwards
/// @param ageMin how long an image stays at least
/// @param unusedMax how long one stays that nobody uses, zero for ever
public record ImagePolicy(int highPercent, int lowPercent, Duration ageMin, Duration unusedMax) {
  public static final ImagePolicy STANDARD =
      new ImagePolicy(85, 80, Duration.ofMinutes(2), Duration.ZERO);
}
