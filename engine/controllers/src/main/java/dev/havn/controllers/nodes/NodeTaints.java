// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Taint;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The taints that follow from what a node says about itself.
final class NodeTaints {
  private static final String PREFIX = "node.kubernetes.io/";
  static final String UNREACHABLE = PREFIX + "unreachable";
  static final String NOT_READY = PREFIX + "not-ready";
  private static final String UNSCHEDULABLE = PREFIX + "unschedulable";

  /// By the type of the condition that, when True, brings the taint.
  private static final Map<String, String> PRESSURES =
      Map.of(
          "MemoryPressure", PREFIX + "memory-pressure",
          "DiskPressure", PREFIX + "disk-pressure",
          "PIDPressure", PREFIX + "pid-pressure",
          "NetworkUnavailable", PREFIX + "network-unavailable");

  private static final Set<String> OWN =
      Set.of(
          UNREACHABLE,
          NOT_READY,
          UNSCHEDULABLE,
          PREFIX + "memory-pressure",
          PREFIX + "disk-pressure",
          PREFIX + "pid-pressure",
          PREFIX + "network-unavailable");

  private NodeTaints() {}

  /// `True`, `False` or `Unknown`.
  static String readiness(Node node) {
    return status(node, "Ready");
  }

  private static String status(Node node, String type) {
    if (node.getStatus() == null) {
      return "Unknown";
    }
    return node.getStatus().getConditions().stream()
        .filter(condition -> condition.getType().equals(type))
        .map(NodeCondition::getStatus)
        .findFirst()
        .orElse("Unknown");
  }

  /// Why pods are sent away from the node, or null.
  static @Nullable String reason(Node node) {
    if (!hasReadiness(node)) {
      return null;
    }
    return switch (readiness(node)) {
      case "True" -> null;
      case "False" -> NOT_READY;
      default -> UNREACHABLE;
    };
  }

  /// Whether it has ever been said whether the node is Ready.
  static boolean hasReadiness(Node node) {
    return conditions(node).stream().anyMatch(each -> each.getType().equals("Ready"));
  }

  private static List<NodeCondition> conditions(Node node) {
    return node.getStatus() == null ? List.of() : node.getStatus().getConditions();
  }

  static boolean sendsAway(Node node) {
    return node.getSpec().getTaints().stream()
        .anyMatch(
            taint ->
                "NoExecute".equals(taint.getEffect())
                    && (taint.getKey().equals(NOT_READY) || taint.getKey().equals(UNREACHABLE)));
  }

  /// All taints the node should have: those of others as they are, then ours.
  ///
  /// @param sendsAway whether pods that are there must go, too, when the node does not work
  static List<Taint> wanted(Node node, boolean sendsAway, Instant now) {
    Map<String, List<String>> effects = new LinkedHashMap<>();
    @Nullable String reason = reason(node);
    for (NodeCondition each : conditions(node)) {
      if (each.getType().equals("Ready") && reason != null) {
        effects.put(reason, sendsAway ? List.of("NoSchedule", "NoExecute") : List.of("NoSchedule"));
      }
      @Nullable String taint = PRESSURES.get(each.getType());
      if (taint != null && "True".equals(each.getStatus())) {
        effects.put(taint, List.of("NoSchedule"));
      }
    }
    if (Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
      effects.put(UNSCHEDULABLE, List.of("NoSchedule"));
    }
    List<Taint> wanted = new ArrayList<>();
    for (Taint taint : node.getSpec().getTaints()) {
      boolean stays =
          !OWN.contains(taint.getKey())
              || effects.getOrDefault(taint.getKey(), List.of()).contains(taint.getEffect());
      if (stays) {
        wanted.add(taint);
      }
    }
    effects.forEach(
        (key, all) -> {
          for (String effect : all) {
            boolean there =
                wanted.stream()
                    .anyMatch(each -> each.getKey().equals(key) && each.getEffect().equals(effect));
            if (!there) {
              wanted.add(new Taint(effect, key, added(now), null));
            }
          }
        });
    return wanted;
  }

  private static String added(Instant now) {
    return now.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
