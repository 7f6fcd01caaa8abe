// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.history.History;
import dev.havn.controllers.history.Revision;
import dev.havn.controllers.history.RevisionWriter;
import dev.havn.controllers.replicas.Adoption;
import dev.havn.controllers.replicas.Claiming;
import dev.havn.controllers.replicas.Controlled;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Batches;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Applies [SetPlan]s.
public final class StatefulSetReconciler implements Reconciler {
  private final Caches caches;
  private final Controlled<Pod> podsOf;
  private final Controlled<ControllerRevision> revisionsOf;
  private final Api api;
  private final InstantSource clock;
  private final PendingWrites pending = new PendingWrites();
  private final StepWriter writer;
  private final RevisionWriter revisions;
  private final Adoption adoption;
  private final boolean severalAtOnce;

  /// What it reads.
  public record Caches(
      Informer<StatefulSet> sets,
      Informer<Pod> pods,
      Informer<PersistentVolumeClaim> claims,
      Informer<ControllerRevision> revisions) {}

  /// @param severalAtOnce whether an update may take several pods at once
  public StatefulSetReconciler(
      Caches caches,
      Api api,
      Events events,
      InstantSource clock,
      Batches batches,
      boolean severalAtOnce) {
    this.caches = caches;
    this.podsOf = Controlled.of(caches.pods());
    this.revisionsOf = Controlled.of(caches.revisions());
    this.api = api;
    this.clock = clock;
    this.severalAtOnce = severalAtOnce;
    this.writer = new StepWriter(caches, api, events, pending, batches);
    this.revisions = new RevisionWriter(api);
    this.adoption = new Adoption(api);
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable StatefulSet set = caches.sets().get(key.namespace(), key.name());
    if (set == null) {
      pending.forget(key);
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    History history = history(key, set);
    boolean isLeaving = set.getMetadata().getDeletionTimestamp() != null;
    if (isLeaving && history.matching(set.getSpec().getTemplate()).isEmpty()) {
      return Result.DONE;
    }
    List<Pod> pods = pods(key, set);
    SetRevisions.Found found = new SetRevisions(api, revisions).find(set, history);
    if (found.written() != null) {
      pending.wrote(key, caches.revisions(), found.written());
    }
    SetPlan plan =
        SetPlan.of(
            new SetPlan.Observed(
                new Desired(set),
                pods,
                name -> caches.claims().get(key.namespace(), name),
                found.current(),
                found.update(),
                found.collisions(),
                severalAtOnce,
                clock.instant()));
    return apply(key, set, plan, () -> truncate(new Desired(set), history, found, pods));
  }

  private Result apply(Key key, StatefulSet set, SetPlan plan, Runnable truncate) {
    Optional<RuntimeException> failure = Optional.empty();
    for (SetPlan.Phase phase : plan.phases()) {
      failure = writer.apply(set, phase);
      if (failure.isPresent()) {
        break;
      }
    }
    writeStatus(key, set, failure.isPresent() ? plan.counted() : plan.done());
    truncate.run();
    if (failure.isPresent()) {
      throw failure.get();
    }
    return Result.after(plan.again());
  }

  /// Revisions that match and nobody controls are taken, those that do not match are let be.
  private History history(Key key, StatefulSet set) {
    Claiming<ControllerRevision> claiming =
        Claiming.of(
            set.getMetadata(),
            revisionsOf.candidates(set.getMetadata()).stream()
                .filter(each -> matches(set, each))
                .toList(),
            _ -> true);
    adoption
        .apply(set, claiming)
        .forEach(written -> pending.wrote(key, caches.revisions(), written));
    return revisions.history(claiming.ours());
  }

  private List<Pod> pods(Key key, StatefulSet set) {
    Claiming<Pod> claiming =
        Claiming.of(
            set.getMetadata(),
            podsOf.candidates(set.getMetadata()),
            pod -> matches(set, pod) && Identity.isMember(new Desired(set), pod));
    adoption.apply(set, claiming).forEach(written -> pending.wrote(key, caches.pods(), written));
    return claiming.ours();
  }

  private static boolean matches(StatefulSet set, HasMetadata object) {
    return LabelSelectors.matches(set.getSpec().getSelector(), object.getMetadata().getLabels());
  }

  private void writeStatus(Key key, StatefulSet set, SetStatus status) {
    if (!status.differs(set.getStatus())) {
      return;
    }
    pending.wrote(key, caches.sets(), api.updateStatus(set, status.json()));
  }

  /// Deletes what is beyond the limit of revisions that neither the set nor a pod is made of.
  private void truncate(
      Desired desired, History history, SetRevisions.Found found, List<Pod> pods) {
    Set<String> live = new HashSet<>(Set.of(found.current().name()));
    live.add(found.update().name());
    pods.forEach(pod -> live.add(Identity.revision(pod)));
    List<Revision> old = history.unneeded(each -> live.contains(each.name()));
    if (desired.historyLimit() >= 0 && old.size() > desired.historyLimit()) {
      old.subList(0, old.size() - desired.historyLimit()).forEach(revisions::delete);
    }
  }
}
