// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.reconcile.Tolerance;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What pods of daemons put up with: beside what their template says, all that may ail a node,
/// because it is on such nodes that daemons are needed.
final class Tolerations {
  private static final String PREFIX = "node.kubernetes.io/";
  private static final List<Toleration> ALWAYS =
      List.of(
          any("not-ready", "NoExecute"),
          any("unreachable", "NoExecute"),
          any("disk-pressure", "NoSchedule"),
          any("memory-pressure", "NoSchedule"),
          any("pid-pressure", "NoSchedule"),
          any("unschedulable", "NoSchedule"));
  private static final Toleration OF_HOST_NETWORK = any("network-unavailable", "NoSchedule");

  private Tolerations() {}

  private static Toleration any(String ailment, String effect) {
    return new Toleration(effect, PREFIX + ailment, "Exists", null, null);
  }

  static List<Toleration> of(PodSpec spec) {
    List<Toleration> all = new ArrayList<>(spec.getTolerations());
    ALWAYS.forEach(each -> put(all, each));
    if (Boolean.TRUE.equals(spec.getHostNetwork())) {
      put(all, OF_HOST_NETWORK);
    }
    return all;
  }

  /// One that says the same but for its time gives way.
  private static void put(List<Toleration> all, Toleration wanted) {
    boolean known = false;
    for (int index = 0; index < all.size(); index++) {
      Toleration each = all.get(index);
      if (Objects.equals(each.getKey(), wanted.getKey())
          && Objects.equals(each.getEffect(), wanted.getEffect())
          && Objects.equals(each.getOperator(), wanted.getOperator())
          && or(each.getValue()).isEmpty()) {
        all.set(index, wanted);
        known = true;
      }
    }
    if (!known) {
      all.add(wanted);
    }
  }

  /// Whether every taint with one of `effects` is tolerated.
  static boolean allow(List<Toleration> tolerations, List<Taint> taints, Set<String> effects) {
    return taints.stream()
        .filter(taint -> effects.contains(taint.getEffect()))
        .allMatch(taint -> tolerations.stream().anyMatch(each -> Tolerance.of(each, taint)));
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text;
  }
}
