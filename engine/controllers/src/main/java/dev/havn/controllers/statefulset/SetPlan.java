// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What a StatefulSet wants to do next, computed from what is seen. Ordinals come up one after the
/// other and go down in reverse, each waiting until its predecessors are available; a set whose
/// pods are managed in parallel waits for nobody. Scaling comes before updates, which replace pods
/// from the highest ordinal down.
///
/// @param phases done in order; what fails ends the plan
/// @param counted the status when something failed
/// @param done the status when nothing did
/// @param again when to look again although nothing happened
record SetPlan(List<Phase> phases, SetStatus counted, SetStatus done, @Nullable Duration again) {

  /// What is seen.
  ///
  /// @param pods of the set
  /// @param claims of the namespace, by name; null where there is none
  /// @param current what the status calls the current revision
  /// @param update the revision of the template as it stands
  /// @param severalAtOnce whether an update may take several pods at once
  record Observed(
      Desired desired,
      List<Pod> pods,
      Function<String, @Nullable PersistentVolumeClaim> claims,
      Template current,
      Template update,
      int collisions,
      boolean severalAtOnce,
      Instant now) {}

  /// A revision by its name.
  record Template(String name, PodTemplateSpec spec) {}

  /// Steps by replica.
  ///
  /// @param burst whether replicas do not wait for each other: a failure of one ends the phase
  ///   after those that were begun with it
  record Phase(boolean burst, List<List<Step>> replicas) {}

  static SetPlan of(Observed seen) {
    if (seen.desired().isDeleted()) {
      SetStatus status = SetStatus.of(seen, seen.pods()).completed(seen.desired());
      return new SetPlan(List.of(), status, status, null);
    }
    Places places = Places.of(seen);
    List<Replica> condemned = Places.condemned(seen);
    Scaling scaling = new Scaling(seen, places, condemned);
    List<Phase> phases = new ArrayList<>();
    boolean goesOn = scaling.keep(phases) && scaling.fixClaims(phases) && scaling.condemn(phases);
    List<Step> updates = goesOn ? RollingUpdate.deletions(seen, places) : List.of();
    if (!updates.isEmpty()) {
      phases.add(new Phase(false, List.of(updates)));
    }
    List<Pod> counted = new ArrayList<>();
    places.all().forEach(each -> counted.add(each.pod()));
    condemned.forEach(each -> counted.add(each.pod()));
    SetStatus status = SetStatus.of(seen, counted);
    return new SetPlan(
        phases,
        status.completed(seen.desired()),
        status.lessCurrent(updates.size()).completed(seen.desired()),
        again(seen));
  }

  /// When the next pod that is Ready has been so for long enough.
  private static @Nullable Duration again(Observed seen) {
    Duration minReady = seen.desired().minReady();
    return seen.pods().stream()
        .filter(pod -> !PodState.isAvailable(pod, minReady, seen.now()))
        .flatMap(pod -> PodState.readySince(pod).stream())
        .map(since -> Duration.between(seen.now(), since.plus(minReady)))
        .min(Duration::compareTo)
        .orElse(null);
  }
}
