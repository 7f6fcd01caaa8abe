// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import dev.havn.controllers.replicas.PodTemplates;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The next step of a Deployment, from what is observed.
///
/// @param changes in the order in which they are to be written
/// @param again when to look again although nothing changed, or null
record RolloutPlan(List<Change> changes, @Nullable Duration again) {

  /// What the plan is made from.
  ///
  /// @param current the set of the newest template, or null; the oldest one when there are several
  /// @param old the other ReplicaSets that the Deployment controls
  /// @param oldPodsRun whether pods of other than the newest template still run
  /// @param templateJson the pod template as JSON, for its hash
  record Observed(
      Deployment deployment,
      @Nullable ReplicaSet current,
      List<ReplicaSet> old,
      boolean oldPodsRun,
      Supplier<String> templateJson,
      Instant now) {

    /// @param sets all ReplicaSets the Deployment controls
    static Observed of(
        Deployment deployment,
        List<ReplicaSet> sets,
        boolean oldPodsRun,
        Supplier<String> templateJson,
        Instant now) {
      @Nullable ReplicaSet current = null;
      for (ReplicaSet set : RollingUpdate.oldestFirst(sets)) {
        if (TemplateHash.same(set.getSpec().getTemplate(), deployment.getSpec().getTemplate())) {
          current = set;
          break;
        }
      }
      ReplicaSet newest = current;
      List<ReplicaSet> old = sets.stream().filter(set -> set != newest).toList();
      return new Observed(deployment, current, old, oldPodsRun, templateJson, now);
    }

    List<ReplicaSet> sets() {
      List<ReplicaSet> sets = new ArrayList<>(old);
      if (current != null) {
        sets.add(current);
      }
      return sets;
    }
  }

  static RolloutPlan of(Observed observed) {
    Deployment deployment = observed.deployment();
    @Nullable ReplicaSet current = observed.current();
    List<ReplicaSet> old = observed.old();
    if (deployment.getMetadata().getDeletionTimestamp() != null) {
      return new RolloutPlan(status(observed, statusOf(observed).counts(), List.of()), null);
    }
    OptionalLong wish = Rollback.wish(deployment);
    if (!Desired.isPaused(deployment) && wish.isPresent()) {
      return rollBack(observed, wish.getAsLong());
    }
    if (Desired.isPaused(deployment)
        || RevisionAnnotations.isScaling(deployment, observed.sets())) {
      return scaleOnly(observed, current, old);
    }
    List<Change> changes = new ArrayList<>();
    if (Desired.isRolling(deployment)) {
      rolling(observed, current, old, changes);
    } else {
      recreate(observed, current, old, changes);
    }
    boolean moved = !changes.isEmpty();
    DeploymentStatus status = withPause(observed, statusOf(observed).rollout());
    if (current == null && changes.stream().anyMatch(Change.CreateSet.class::isInstance)) {
      created(observed, status, changes);
    } else if (current != null) {
      found(observed, status, current);
    }
    if (!moved && StatusOf.isComplete(deployment, status)) {
      changes.addAll(cleanUp(deployment, old));
    }
    changes.addAll(status(observed, status, List.copyOf(changes)));
    return new RolloutPlan(changes, again(deployment, status, observed.now()));
  }

  /// The newest template has its set and its revision first: it may be the one to come back to.
  private static RolloutPlan rollBack(Observed observed, long wished) {
    Deployment deployment = observed.deployment();
    @Nullable ReplicaSet current = observed.current();
    List<Change> changes = new ArrayList<>();
    if (current == null) {
      changes.add(new Change.CreateSet(newSet(observed, observed.old())));
    } else {
      annotate(deployment, current, observed.old(), changes);
    }
    if (changes.isEmpty()) {
      return new RolloutPlan(List.of(Rollback.of(deployment, observed.sets(), wished)), null);
    }
    DeploymentStatus status = withPause(observed, statusOf(observed).rollout());
    created(observed, status, changes);
    changes.addAll(status(observed, status, List.copyOf(changes)));
    return new RolloutPlan(changes, null);
  }

  private static RolloutPlan scaleOnly(
      Observed observed, @Nullable ReplicaSet current, List<ReplicaSet> old) {
    Deployment deployment = observed.deployment();
    List<Change> changes = new ArrayList<>();
    Map<String, Integer> sizes = ProportionalScaling.sizes(deployment, current, old);
    Map<String, String> remembered = RevisionAnnotations.sizes(deployment);
    for (ReplicaSet set : observed.sets()) {
      Map<String, String> wanted = new HashMap<>(Desired.annotations(set));
      wanted.putAll(remembered);
      @Nullable Integer size = sizes.get(set.getMetadata().getName());
      if (size != null) {
        changes.add(new Change.Resize(set, size, wanted));
      } else if (Desired.replicas(set) > 0 && !wanted.equals(Desired.annotations(set))) {
        changes.add(new Change.Resize(set, Desired.replicas(set), wanted));
      }
    }
    DeploymentStatus status = withPause(observed, statusOf(observed).counts());
    if (changes.isEmpty() && Desired.isPaused(deployment)) {
      changes.addAll(cleanUp(deployment, old));
    }
    changes.addAll(status(observed, status, List.copyOf(changes)));
    return new RolloutPlan(changes, null);
  }

  private static void rolling(
      Observed observed, @Nullable ReplicaSet current, List<ReplicaSet> old, List<Change> changes) {
    Deployment deployment = observed.deployment();
    if (current == null) {
      changes.add(new Change.CreateSet(newSet(observed, old)));
      return;
    }
    annotate(deployment, current, old, changes);
    Map<String, Integer> sizes = RollingUpdate.step(deployment, current, old);
    resize(deployment, observed.sets(), sizes, changes);
  }

  private static void recreate(
      Observed observed, @Nullable ReplicaSet current, List<ReplicaSet> old, List<Change> changes) {
    Deployment deployment = observed.deployment();
    Map<String, Integer> toZero = new HashMap<>();
    for (ReplicaSet set : old) {
      if (Desired.replicas(set) > 0) {
        toZero.put(set.getMetadata().getName(), 0);
      }
    }
    if (!toZero.isEmpty()) {
      resize(deployment, old, toZero, changes);
      return;
    }
    if (observed.oldPodsRun()) {
      return;
    }
    if (current == null) {
      changes.add(new Change.CreateSet(newSet(observed, old)));
      return;
    }
    annotate(deployment, current, old, changes);
    int desired = Desired.replicas(deployment);
    if (Desired.replicas(current) != desired) {
      resize(
          deployment, List.of(current), Map.of(current.getMetadata().getName(), desired), changes);
    }
  }

  private static void annotate(
      Deployment deployment, ReplicaSet current, List<ReplicaSet> old, List<Change> changes) {
    Map<String, String> wanted =
        RevisionAnnotations.ofNew(deployment, current, RevisionAnnotations.next(old));
    int minReady = Desired.minReadySeconds(deployment);
    if (!wanted.equals(Desired.annotations(current))
        || Desired.or(current.getSpec().getMinReadySeconds(), 0) != minReady) {
      changes.add(new Change.Annotate(current, wanted, minReady));
    }
  }

  private static void resize(
      Deployment deployment,
      List<ReplicaSet> sets,
      Map<String, Integer> sizes,
      List<Change> changes) {
    for (ReplicaSet set : sets) {
      @Nullable Integer size = sizes.get(set.getMetadata().getName());
      if (size != null && size != Desired.replicas(set)) {
        changes.add(new Change.Resize(set, size, RevisionAnnotations.sizes(deployment)));
      }
    }
  }

  private static ReplicaSet newSet(Observed observed, List<ReplicaSet> old) {
    Deployment deployment = observed.deployment();
    @Nullable Integer collisions =
        deployment.getStatus() == null ? null : deployment.getStatus().getCollisionCount();
    String hash = TemplateHash.of(observed.templateJson().get(), collisions);
    Map<String, String> annotations =
        RevisionAnnotations.ofNew(deployment, null, RevisionAnnotations.next(old));
    annotations.putAll(RevisionAnnotations.sizes(deployment));
    ReplicaSetBuilder set =
        new ReplicaSetBuilder()
            .withNewMetadata()
            .withName(deployment.getMetadata().getName() + "-" + hash)
            .withNamespace(deployment.getMetadata().getNamespace())
            .withLabels(deployment.getSpec().getTemplate().getMetadata().getLabels())
            .addToLabels(Desired.TEMPLATE_HASH, hash)
            .withAnnotations(annotations)
            .withOwnerReferences(
                PodTemplates.controller("apps/v1", "Deployment", deployment.getMetadata()))
            .endMetadata()
            .withNewSpec()
            .withReplicas(RollingUpdate.sizeOfNew(deployment, null, old))
            .withMinReadySeconds(deployment.getSpec().getMinReadySeconds())
            .withSelector(deployment.getSpec().getSelector())
            .withTemplate(deployment.getSpec().getTemplate())
            .endSpec();
    set.editSpec()
        .editSelector()
        .addToMatchLabels(Desired.TEMPLATE_HASH, hash)
        .endSelector()
        .editTemplate()
        .editMetadata()
        .addToLabels(Desired.TEMPLATE_HASH, hash)
        .endMetadata()
        .endTemplate()
        .endSpec();
    return set.build();
  }

  private static void created(Observed observed, DeploymentStatus status, List<Change> changes) {
    if (Desired.progressDeadlineSeconds(observed.deployment()) == null) {
      return;
    }
    for (Change change : changes) {
      if (change instanceof Change.CreateSet(ReplicaSet set)) {
        Conditions conditions = new Conditions(status.getConditions(), observed.now());
        conditions.set(
            Conditions.PROGRESSING,
            "True",
            StatusOf.NEW_SET_CREATED,
            "Created new replica set \"" + set.getMetadata().getName() + "\"");
        status.setConditions(conditions.list());
      }
    }
  }

  private static void found(Observed observed, DeploymentStatus status, ReplicaSet current) {
    Conditions conditions = new Conditions(status.getConditions(), observed.now());
    if (Desired.progressDeadlineSeconds(observed.deployment()) != null
        && conditions.get(Conditions.PROGRESSING) == null) {
      conditions.set(
          Conditions.PROGRESSING,
          "True",
          StatusOf.NEW_SET_FOUND,
          "Found new replica set \"" + current.getMetadata().getName() + "\"");
      status.setConditions(conditions.list());
    }
  }

  private static DeploymentStatus withPause(Observed observed, DeploymentStatus status) {
    Deployment deployment = observed.deployment();
    Conditions conditions = new Conditions(status.getConditions(), observed.now());
    @Nullable DeploymentCondition progressing = conditions.get(Conditions.PROGRESSING);
    boolean marked = progressing != null && StatusOf.PAUSED.equals(progressing.getReason());
    if (Desired.progressDeadlineSeconds(deployment) == null
        || (progressing != null && StatusOf.TIMED_OUT.equals(progressing.getReason()))) {
      return status;
    }
    if (Desired.isPaused(deployment) && !marked) {
      conditions.set(Conditions.PROGRESSING, "Unknown", StatusOf.PAUSED, "Deployment is paused");
    } else if (!Desired.isPaused(deployment) && marked) {
      conditions.set(Conditions.PROGRESSING, "Unknown", StatusOf.RESUMED, "Deployment is resumed");
    }
    status.setConditions(conditions.list());
    return status;
  }

  /// Sets without pods beyond the history limit, oldest revisions first.
  private static List<Change> cleanUp(Deployment deployment, List<ReplicaSet> old) {
    List<ReplicaSet> unused =
        old.stream()
            .filter(set -> set.getMetadata().getDeletionTimestamp() == null)
            .sorted(Comparator.comparingLong(Desired::revision))
            .toList();
    int surplus = unused.size() - Desired.revisionHistoryLimit(deployment);
    List<Change> changes = new ArrayList<>();
    for (ReplicaSet set : unused.subList(0, Math.max(0, surplus))) {
      if (Desired.observedReplicas(set) == 0
          && Desired.replicas(set) == 0
          && set.getStatus() != null
          && set.getMetadata().getGeneration().equals(set.getStatus().getObservedGeneration())) {
        changes.add(new Change.DeleteSet(set));
      }
    }
    return changes;
  }

  private static StatusOf statusOf(Observed observed) {
    return new StatusOf(observed.deployment(), observed.current(), observed.old(), observed.now());
  }

  /// A template has a revision once it has a set.
  private static List<Change> status(
      Observed observed, DeploymentStatus status, List<Change> changes) {
    Deployment deployment = observed.deployment();
    boolean hasSet =
        observed.current() != null || changes.stream().anyMatch(Change.CreateSet.class::isInstance);
    long revision =
        hasSet ? RevisionAnnotations.next(observed.old()) : Desired.revision(deployment);
    boolean same =
        StatusOf.isShown(status, deployment.getStatus())
            && revision == Desired.revision(deployment);
    return same ? List.of() : List.of(new Change.SetStatus(status, String.valueOf(revision)));
  }

  private static @Nullable Duration again(
      Deployment deployment, DeploymentStatus status, Instant now) {
    @Nullable DeploymentCondition progressing =
        new Conditions(status.getConditions(), now).get(Conditions.PROGRESSING);
    @Nullable Duration left = StatusOf.deadline(deployment, progressing, now);
    return left == null || left.isNegative() ? null : left.plusSeconds(1);
  }
}
