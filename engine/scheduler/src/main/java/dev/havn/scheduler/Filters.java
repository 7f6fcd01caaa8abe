// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Why a pod cannot run on a node, in kube-scheduler's words. The first filter that refuses speaks,
/// but for resources, which say all that is missing.
final class Filters {
  private Filters() {}

  static List<String> problems(Pod pod, NodeState state) {
    @Nullable Taint taint = untolerated(pod, state);
    boolean cordoned =
        Boolean.TRUE.equals(state.node().getSpec().getUnschedulable())
            && !tolerates(
                pod, new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, ""));
    if (cordoned) {
      return List.of("node(s) were unschedulable");
    }
    if (taint != null) {
      String value = taint.getValue() == null ? "" : taint.getValue();
      return List.of("node(s) had untolerated taint {" + taint.getKey() + ": " + value + "}");
    }
    if (!matchesSelector(pod, state)) {
      return List.of("node(s) didn't match Pod's node affinity/selector");
    }
    for (String port : NodeState.ports(pod)) {
      if (conflicts(port, state)) {
        return List.of("node(s) didn't have free ports for the requested pod ports");
      }
    }
    return resources(pod, state);
  }

  private static boolean conflicts(String port, NodeState state) {
    String number = port.substring(0, port.lastIndexOf('/'));
    boolean any = port.endsWith("/0.0.0.0");
    return state.hostPorts().stream()
        .anyMatch(
            taken ->
                taken.substring(0, taken.lastIndexOf('/')).equals(number)
                    && (any || taken.endsWith("/0.0.0.0") || taken.equals(port)));
  }

  private static List<String> resources(Pod pod, NodeState state) {
    List<String> problems = new ArrayList<>();
    if (state.pods() + 1 > state.allocatable("pods").intValue()) {
      problems.add("Too many pods");
    }
    Requests.of(pod)
        .forEach(
            (name, amount) -> {
              if (amount.signum() > 0 && amount.compareTo(state.free(name)) > 0) {
                problems.add("Insufficient " + name);
              }
            });
    return problems;
  }

  private static @Nullable Taint untolerated(Pod pod, NodeState state) {
    for (Taint taint : state.node().getSpec().getTaints()) {
      if (!taint.getEffect().equals("PreferNoSchedule") && !tolerates(pod, taint)) {
        return taint;
      }
    }
    return null;
  }

  private static boolean tolerates(Pod pod, Taint taint) {
    for (Toleration toleration : pod.getSpec().getTolerations()) {
      boolean effect =
          toleration.getEffect() == null
              || toleration.getEffect().isEmpty()
              || toleration.getEffect().equals(taint.getEffect());
      boolean exists = "Exists".equals(toleration.getOperator());
      boolean key =
          (toleration.getKey() == null || toleration.getKey().isEmpty())
              ? exists
              : toleration.getKey().equals(taint.getKey());
      String wanted = toleration.getValue() == null ? "" : toleration.getValue();
      String given = taint.getValue() == null ? "" : taint.getValue();
      if (effect && key && (exists || wanted.equals(given))) {
        return true;
      }
    }
    return false;
  }

  private static boolean matchesSelector(Pod pod, NodeState state) {
    Map<String, String> labels =
        state.node().getMetadata().getLabels() == null
            ? Map.of()
            : state.node().getMetadata().getLabels();
    Map<String, String> selector = pod.getSpec().getNodeSelector();
    if (selector != null && !labels.entrySet().containsAll(selector.entrySet())) {
      return false;
    }
    if (pod.getSpec().getAffinity() == null
        || pod.getSpec().getAffinity().getNodeAffinity() == null
        || pod.getSpec()
                .getAffinity()
                .getNodeAffinity()
                .getRequiredDuringSchedulingIgnoredDuringExecution()
            == null) {
      return true;
    }
    return pod
        .getSpec()
        .getAffinity()
        .getNodeAffinity()
        .getRequiredDuringSchedulingIgnoredDuringExecution()
        .getNodeSelectorTerms()
        .stream()
        .anyMatch(term -> matches(term, labels, state.name()));
  }

  static boolean matches(NodeSelectorTerm term, Map<String, String> labels, String name) {
    if (term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty()) {
      return false;
    }
    return term.getMatchExpressions().stream()
            .allMatch(each -> matches(each, labels.get(each.getKey())))
        && term.getMatchFields().stream()
            .allMatch(each -> each.getKey().equals("metadata.name") && matches(each, name));
  }

  private static boolean matches(NodeSelectorRequirement requirement, @Nullable String value) {
    List<String> values = requirement.getValues();
    return switch (requirement.getOperator()) {
      case "In" -> value != null && values.contains(value);
      case "NotIn" -> value == null || !values.contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" ->
          value != null
              && isNumber(value)
              && Long.parseLong(value) > Long.parseLong(values.getFirst());
      case "Lt" ->
          value != null
              && isNumber(value)
              && Long.parseLong(value) < Long.parseLong(values.getFirst());
      default -> false;
    };
  }

  private static boolean isNumber(String value) {
    return value.matches("-?[0-9]{1,18}");
  }
}
