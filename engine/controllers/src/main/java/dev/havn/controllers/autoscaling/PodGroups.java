// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import dev.havn.controllers.autoscaling.Reading.Figure;
import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Which pods count, and how: a pod that starts burns more than it will, one without a figure is
/// guessed, one that goes is left out.
///
/// @param ready how many have figures that count
/// @param unready whose figures do not count yet
/// @param missing that have no figure
/// @param ignored that end
record PodGroups(int ready, Set<String> unready, Set<String> missing, Set<String> ignored) {
  /// @param resource `cpu`, of which young pods use more; others and custom metrics are taken as
  ///   they are
  static PodGroups of(
      List<Pod> pods,
      Map<String, Figure> figures,
      String resource,
      ScalingOptions options,
      Instant now) {
    int ready = 0;
    Set<String> unready = new TreeSet<>();
    Set<String> missing = new TreeSet<>();
    Set<String> ignored = new TreeSet<>();
    for (Pod pod : pods) {
      String name = pod.getMetadata().getName();
      if (PodState.isTerminating(pod) || phase(pod).equals("Failed")) {
        ignored.add(name);
      } else if (phase(pod).equals("Pending")) {
        unready.add(name);
      } else if (!figures.containsKey(name)) {
        missing.add(name);
      } else if (resource.equals("cpu")
          && starts(pod.getStatus(), figures.get(name), options, now)) {
        unready.add(name);
      } else {
        ready++;
      }
    }
    return new PodGroups(ready, unready, missing, ignored);
  }

  private static String phase(Pod pod) {
    return pod.getStatus() == null
        ? ""
        : Optional.ofNullable(pod.getStatus().getPhase()).orElse("");
  }

  private static boolean starts(
      PodStatus status, Figure figure, ScalingOptions options, Instant now) {
    Optional<PodCondition> ready =
        status.getConditions().stream().filter(each -> each.getType().equals("Ready")).findFirst();
    if (ready.isEmpty() || status.getStartTime() == null) {
      return true;
    }
    Instant start = Instant.parse(status.getStartTime());
    Instant since =
        ready.get().getLastTransitionTime() == null
            ? Instant.EPOCH
            : Instant.parse(ready.get().getLastTransitionTime());
    boolean unready = ready.get().getStatus().equals("False");
    if (start.plus(options.cpuInitialization()).isAfter(now)) {
      return unready || figure.at().isBefore(since.plus(figure.window()));
    }
    return unready && start.plus(options.initialReadiness()).isAfter(since);
  }

  /// How many run and are Ready, whatever their figures.
  static int readyPods(List<Pod> pods) {
    return (int)
        pods.stream().filter(pod -> phase(pod).equals("Running") && PodState.isReady(pod)).count();
  }
}
