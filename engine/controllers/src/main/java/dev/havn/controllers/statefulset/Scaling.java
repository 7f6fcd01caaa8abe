// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Brings the pods of a set to their number. Each method adds a phase and says whether the next may
/// begin.
record Scaling(SetPlan.Observed seen, Places places, List<Replica> condemned) {
  /// Pods made in one go, as many as by other controllers; the rest when they show.
  static final int BURST_PODS_MAX = 500;

  /// What one replica needs.
  ///
  /// @param stops whether those after it have to wait, where they wait for each other at all
  private record Need(List<Step> steps, boolean stops) {}

  /// Makes, repairs and replaces the pods that there should be.
  boolean keep(List<SetPlan.Phase> phases) {
    List<Need> needs = new ArrayList<>();
    boolean stopped = false;
    int missing = 0;
    long ordinal = seen.desired().start();
    while (ordinal < seen.desired().end() && !stopped) {
      Replica replica = places.at(ordinal);
      Need need = keep(replica);
      needs.add(need);
      missing += replica.isThere() ? 0 : 1;
      stopped = need.stops() && !seen.desired().isParallel();
      ordinal = places.next(ordinal, missing >= BURST_PODS_MAX);
    }
    add(phases, needs.stream().map(Need::steps).toList());
    return !stopped;
  }

  private Need keep(Replica replica) {
    Pod pod = replica.pod();
    if (!replica.isThere()) {
      return new Need(create(pod), true);
    }
    if (PodState.isFinished(pod)) {
      return new Need(replica.isTerminating() ? List.of() : List.of(new Step.DeletePod(pod)), true);
    }
    List<Step> steps = new ArrayList<>();
    if (PodState.phase(pod).equals("Pending")) {
      missingClaims(pod, null).ifPresent(steps::add);
      steps.addAll(ownership(pod, true));
    }
    boolean waits = !replica.isSettled(seen);
    if (waits && !seen.desired().isParallel()) {
      return new Need(steps, true);
    }
    repair(pod, steps);
    return new Need(steps, false);
  }

  private List<Step> create(Pod pod) {
    boolean former =
        claims(pod).anyMatch(claim -> Retention.isOfFormerPod(seen.desired(), pod, claim));
    if (former) {
      return List.of();
    }
    List<Step> steps = new ArrayList<>();
    missingClaims(pod, "create").ifPresent(steps::add);
    steps.add(new Step.CreatePod(pod));
    steps.addAll(ownership(pod, true));
    return steps;
  }

  private void repair(Pod pod, List<Step> steps) {
    boolean identity = !Identity.matches(seen.desired(), pod);
    boolean storage = !Storage.matches(seen.desired(), pod);
    List<Step> ownership = ownership(pod, true);
    boolean unowned =
        !steps.containsAll(ownership)
            && ownership.stream().anyMatch(Step.OwnClaim.class::isInstance);
    if (!identity && !storage && !unowned) {
      return;
    }
    if (storage) {
      missingClaims(pod, "update").ifPresent(steps::add);
    }
    if (unowned) {
      steps.addAll(ownership);
    }
    steps.add(new Step.RepairPod(pod, identity, storage));
  }

  /// The claims of those that go are to go with them, or stay, before they do.
  boolean fixClaims(List<SetPlan.Phase> phases) {
    add(
        phases,
        condemned.stream()
            .map(each -> ownership(each.pod(), false))
            .filter(steps -> steps.stream().anyMatch(Step.OwnClaim.class::isInstance))
            .toList());
    return true;
  }

  /// Deletes pods beyond the number of replicas, where they wait for each other one in a round and
  /// none beside one that is not well, but for that one itself.
  boolean condemn(List<SetPlan.Phase> phases) {
    if (seen.desired().isParallel()) {
      add(
          phases,
          condemned.stream()
              .filter(each -> !each.isTerminating())
              .map(each -> List.<Step>of(new Step.DeletePod(each.pod())))
              .toList());
      return true;
    }
    if (condemned.isEmpty()) {
      return true;
    }
    Replica highest = condemned.getFirst();
    if (!highest.isTerminating()
        && (highest.isSettled(seen) || highest.equals(firstUnavailable()))) {
      add(phases, List.of(List.of(new Step.DeletePod(highest.pod()))));
    }
    return false;
  }

  /// The lowest ordinal that is not available, first among those that stay, which are all there
  /// when somebody asks.
  private @Nullable Replica firstUnavailable() {
    List<Replica> ascending = new ArrayList<>(condemned);
    Collections.reverse(ascending);
    return Stream.concat(places.all().stream(), ascending.stream())
        .filter(each -> each.isUnavailable(seen))
        .findFirst()
        .orElse(null);
  }

  private Stream<PersistentVolumeClaim> claims(Pod pod) {
    long ordinal = Identity.ordinal(pod);
    return seen.desired().claimTemplates().stream()
        .map(template -> Storage.claimName(seen.desired(), template, ordinal))
        .flatMap(name -> Stream.ofNullable(seen.claims().apply(name)));
  }

  private Optional<Step> missingClaims(Pod pod, @Nullable String verb) {
    Desired desired = seen.desired();
    long ordinal = Identity.ordinal(pod);
    List<PersistentVolumeClaim> missing =
        desired.claimTemplates().stream()
            .map(template -> Storage.claim(desired, template, ordinal))
            .filter(claim -> seen.claims().apply(claim.getMetadata().getName()) == null)
            .toList();
    List<String> leaving =
        claims(pod)
            .filter(claim -> claim.getMetadata().getDeletionTimestamp() != null)
            .map(claim -> claim.getMetadata().getName())
            .toList();
    return missing.isEmpty() && leaving.isEmpty()
        ? Optional.empty()
        : Optional.of(new Step.MakeClaims(pod, missing, leaving, verb));
  }

  private List<Step> ownership(Pod pod, boolean tells) {
    List<Step> steps = new ArrayList<>();
    claims(pod)
        .forEach(
            claim -> {
              Retention retention = Retention.of(seen.desired(), pod, claim);
              if (retention.conflicting()) {
                steps.add(new Step.WarnOfConflict(claim));
              }
              if (retention.owners() != null) {
                steps.add(new Step.OwnClaim(pod, claim, retention.owners(), tells));
              }
            });
    return steps;
  }

  private void add(List<SetPlan.Phase> phases, List<List<Step>> replicas) {
    List<List<Step>> wanted = replicas.stream().filter(steps -> !steps.isEmpty()).toList();
    if (!wanted.isEmpty()) {
      phases.add(new SetPlan.Phase(seen.desired().isParallel(), wanted));
    }
  }
}
