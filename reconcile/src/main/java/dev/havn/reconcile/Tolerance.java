// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import org.jspecify.annotations.Nullable;

/// Whether a pod puts up with what ails a node.
public final class Tolerance {
  private Tolerance() {}

  /// What a toleration leaves out matches all.
  public static boolean of(Toleration toleration, Taint taint) {
    String effect = or(toleration.getEffect());
    String key = or(toleration.getKey());
    if ((!effect.isEmpty() && !effect.equals(taint.getEffect()))
        || (!key.isEmpty() && !key.equals(taint.getKey()))) {
      return false;
    }
    return switch (or(toleration.getOperator())) {
      case "Exists" -> true;
      case "", "Equal" -> or(toleration.getValue()).equals(or(taint.getValue()));
      default -> false;
    };
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text;
  }
}
