// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether pods tolerate taints.
final class Tolerations {
  private Tolerations() {}

  /// Whether a pod may come to a node with these taints.
  static boolean allow(Pod pod, List<Taint> taints) {
    return allow(pod.getSpec().getTolerations(), taints);
  }

  static boolean allow(List<Toleration> tolerations, List<Taint> taints) {
    for (Taint taint : taints) {
      if (!"PreferNoSchedule".equals(taint.getEffect()) && !tolerates(tolerations, taint)) {
        return false;
      }
    }
    return true;
  }

  static boolean tolerates(Pod pod, Taint taint) {
    return tolerates(pod.getSpec().getTolerations(), taint);
  }

  private static boolean tolerates(List<Toleration> tolerations, Taint taint) {
    for (Toleration each : tolerations) {
      if (tolerates(each, taint)) {
        return true;
      }
    }
    return false;
  }

  private static boolean tolerates(Toleration toleration, Taint taint) {
    if (!orEmpty(toleration.getEffect()).isEmpty()
        && !toleration.getEffect().equals(taint.getEffect())) {
      return false;
    }
    String operator = orEmpty(toleration.getOperator());
    if (orEmpty(toleration.getKey()).isEmpty()) {
      return operator.equals("Exists");
    }
    if (!toleration.getKey().equals(taint.getKey())) {
      return false;
    }
    return switch (operator) {
      case "Exists" -> true;
      case "", "Equal" -> orEmpty(toleration.getValue()).equals(orEmpty(taint.getValue()));
      default -> false;
    };
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
