// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import io.fabric8.kubernetes.api.model.IntOrString;

/// A number of pods that is given outright or as a percentage of all of them.
public final class Portion {
  private static final int PERCENT = 100;

  private Portion() {}

  /// At most the greatest int.
  ///
  /// @param roundsUp what becomes of a part of a pod
  public static int of(IntOrString value, int total, boolean roundsUp) {
    if (value.getIntVal() != null) {
      return value.getIntVal();
    }
    String text = value.getStrVal();
    long percent = Long.parseLong(text.substring(0, text.length() - 1));
    long parts = Math.clamp(percent, 0, Integer.MAX_VALUE) * (long) total;
    return Math.clamp((parts + (roundsUp ? PERCENT - 1 : 0)) / PERCENT, 0, Integer.MAX_VALUE);
  }
}
