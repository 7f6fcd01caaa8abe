// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.history.History;
import dev.havn.controllers.history.RevisionWriter;
import dev.havn.controllers.replicas.Adoption;
import dev.havn.controllers.replicas.Claiming;
import dev.havn.controllers.replicas.Controlled;
import dev.havn.controllers.replicas.PodWrites;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Batches;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Applies [DaemonPlan]s.
public final class DaemonSetReconciler implements Reconciler {
  private static final int BURST_PODS_MAX = 250;

  private final Caches caches;
  private final Controlled<Pod> podsOf;
  private final Controlled<ControllerRevision> revisionsOf;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final Batches batches;
  private final PendingWrites pending = new PendingWrites();
  private final PodWrites writes;
  private final FailureBackoff backoff = new FailureBackoff();

  /// What it reads.
  public record Caches(
      Informer<DaemonSet> sets,
      Informer<Pod> pods,
      Informer<Node> nodes,
      Informer<ControllerRevision> revisions) {}

  public DaemonSetReconciler(
      Caches caches, Api api, Events events, InstantSource clock, Batches batches) {
    this.caches = caches;
    this.podsOf = Controlled.of(caches.pods());
    this.revisionsOf = Controlled.of(caches.revisions());
    this.api = api;
    this.events = events;
    this.clock = clock;
    this.batches = batches;
    this.writes = new PodWrites(api, events, pending, caches.pods());
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable DaemonSet set = caches.sets().get(key.namespace(), key.name());
    if (set == null) {
      pending.forget(key);
      return Result.DONE;
    }
    boolean isLeaving = set.getMetadata().getDeletionTimestamp() != null;
    if (isLeaving) {
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    History history = history(key, set);
    List<Pod> pods = pods(key, set);
    DaemonRevisions revisions =
        new DaemonRevisions(
            api,
            new RevisionWriter(api),
            written -> pending.wrote(key, caches.revisions(), written));
    DaemonRevisions.Found found = revisions.find(set, history, pods);
    Desired desired = new Desired(set);
    Instant now = clock.instant();
    DaemonPlan plan =
        DaemonPlan.of(
            new DaemonPlan.Observed(
                desired,
                caches.nodes().list(),
                pods,
                found.hash(),
                node -> backoff.left(backoffKey(set, node), now),
                now));
    Optional<Api.RefusedException> failure = apply(desired, plan, found.hash());
    if (failure.isEmpty()) {
      revisions.truncate(desired.historyLimit(), found, pods);
    }
    writeStatus(key, set, plan.status());
    if (failure.isPresent()) {
      throw failure.get();
    }
    return Result.after(plan.again());
  }

  private static String backoffKey(DaemonSet set, String node) {
    Long generation = set.getStatus() == null ? null : set.getStatus().getObservedGeneration();
    return set.getMetadata().getUid() + "/" + generation + "/" + node;
  }

  private History history(Key key, DaemonSet set) {
    Claiming<ControllerRevision> claiming =
        Claiming.of(
            set.getMetadata(),
            revisionsOf.candidates(set.getMetadata()),
            each -> matches(set, each));
    new Adoption(api)
        .apply(set, claiming)
        .forEach(written -> pending.wrote(key, caches.revisions(), written));
    return new RevisionWriter(api).history(claiming.ours());
  }

  private List<Pod> pods(Key key, DaemonSet set) {
    Claiming<Pod> claiming =
        Claiming.of(
            set.getMetadata(), podsOf.candidates(set.getMetadata()), pod -> matches(set, pod));
    new Adoption(api)
        .apply(set, claiming)
        .forEach(written -> pending.wrote(key, caches.pods(), written));
    return claiming.ours();
  }

  private static boolean matches(DaemonSet set, HasMetadata object) {
    return LabelSelectors.matches(set.getSpec().getSelector(), object.getMetadata().getLabels());
  }

  /// @return what failed first
  private Optional<Api.RefusedException> apply(Desired desired, DaemonPlan plan, String hash) {
    for (DaemonPlan.Note note : plan.notes()) {
      if (note.isWarning()) {
        events.warning(desired.set(), note.reason(), note.message());
      } else {
        events.normal(desired.set(), note.reason(), note.message());
      }
    }
    plan.replaced()
        .forEach(node -> backoff.replaced(backoffKey(desired.set(), node), clock.instant()));
    Optional<Api.RefusedException> failure =
        batches
            .run(
                first(plan.create()),
                node -> writes.create(desired.set(), DaemonPods.pod(desired, node, hash)))
            .filter(refused -> !refused.isOfEndingNamespace());
    Optional<Api.RefusedException> other =
        batches.run(first(plan.delete()), pod -> writes.delete(desired.set(), pod));
    return failure.or(() -> other);
  }

  private static <T> List<T> first(List<T> all) {
    return all.subList(0, Math.min(all.size(), BURST_PODS_MAX));
  }

  private void writeStatus(Key key, DaemonSet set, DaemonStatus status) {
    JsonNode before = set.getStatus() == null ? Api.object() : api.toTree(set.getStatus());
    if (!status.differs(before)) {
      return;
    }
    ObjectNode wanted = status.onto(before);
    pending.wrote(key, caches.sets(), api.updateStatus(set, wanted));
  }
}
