// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Batches;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Keeps the pods of a ReplicaSet or ReplicationController; what differs between the two is in
/// [Kind].
public final class ReplicaSetReconciler<T extends HasMetadata> implements Reconciler {
  private static final String REPLICA_FAILURE = "ReplicaFailure";

  private final Kind<T> kind;
  private final Informer<T> sets;
  private final Informer<Pod> pods;
  private final Controlled<Pod> controlled;
  private final Controlled<T> siblings;
  private final Api api;
  private final InstantSource clock;
  private final Batches batches;
  private final PendingWrites pending = new PendingWrites();
  private final Pace pace = new Pace();
  private final PodWrites writes;
  private final Adoption adoption;

  /// What differs between the kinds.
  public interface Kind<T extends HasMetadata> {
    Class<T> type();

    ReplicaPlan.Desired desired(T set);

    /// The status as it stands, as JSON.
    JsonNode status(Api api, T set);
  }

  public ReplicaSetReconciler(
      Kind<T> kind,
      Informer<T> sets,
      Informer<Pod> pods,
      Api api,
      Events events,
      InstantSource clock,
      Batches batches) {
    this.kind = kind;
    this.sets = sets;
    this.pods = pods;
    this.controlled = Controlled.of(pods);
    this.siblings = Controlled.of(sets);
    this.api = api;
    this.clock = clock;
    this.batches = batches;
    this.writes = new PodWrites(api, events, pending, pods);
    this.adoption = new Adoption(api);
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable T set = sets.get(key.namespace(), key.name());
    if (set == null) {
      pending.forget(key);
      pace.forget(key);
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    Instant now = clock.instant();
    long generation = set.getMetadata().getGeneration();
    Optional<Duration> rest = pace.rest(key, generation, now);
    if (rest.isPresent()) {
      return Result.after(rest.get());
    }
    ReplicaPlan.Desired desired = kind.desired(set);
    List<Pod> there = controlled.candidates(set.getMetadata());
    int terminating = terminating(set, there, desired);
    List<Pod> active = claimed(key, set, there, desired);
    ReplicaPlan plan = ReplicaPlan.of(desired, active, terminating, () -> related(set), now);
    if (plan.isCountOnly()) {
      pace.counted(key, generation, now, clock.instant());
    } else {
      pace.forget(key);
    }
    Optional<Failure> failure = carryOut(set, plan, desired);
    writeStatus(key, set, plan, failure);
    if (failure.isPresent()) {
      throw failure.get().cause();
    }
    return Result.after(plan.again());
  }

  /// Pods that are over or going are neither taken nor let go.
  private List<Pod> claimed(Key key, T set, List<Pod> there, ReplicaPlan.Desired desired) {
    Claiming<Pod> claiming =
        Claiming.of(
            set.getMetadata(),
            there.stream().filter(PodState::isActive).toList(),
            pod -> desired.selector().test(ReplicaPlan.labels(pod)));
    adoption.apply(set, claiming).forEach(written -> pending.wrote(key, pods, written));
    return claiming.ours();
  }

  private int terminating(T set, List<Pod> there, ReplicaPlan.Desired desired) {
    return (int)
        there.stream()
            .filter(pod -> PodState.isTerminating(pod) && !PodState.isFinished(pod))
            .filter(pod -> Claiming.isControlledBy(pod, set.getMetadata()))
            .filter(pod -> desired.selector().test(ReplicaPlan.labels(pod)))
            .count();
  }

  /// What the API refused, as the status says it.
  private record Failure(String reason, String message, RuntimeException cause) {}

  private Optional<Failure> carryOut(T set, ReplicaPlan plan, ReplicaPlan.Desired desired) {
    List<Integer> missing = IntStream.range(0, plan.create()).boxed().toList();
    Supplier<Optional<Api.RefusedException>> maker =
        missing.isEmpty() ? Optional::empty : writes.maker(set, pod(set, desired));
    return batches
        .run(missing, _ -> maker.get())
        .filter(refused -> !refused.isOfEndingNamespace())
        .map(refused -> new Failure("FailedCreate", String.valueOf(refused.getMessage()), refused))
        .or(
            () ->
                batches
                    .run(plan.delete(), each -> writes.delete(set, each))
                    .map(
                        refused ->
                            new Failure(
                                "FailedDelete",
                                "unable to delete pods: " + refused.getMessage(),
                                refused)));
  }

  private static Pod pod(HasMetadata set, ReplicaPlan.Desired desired) {
    return PodTemplates.pod(
        desired.template(),
        set.getMetadata().getNamespace(),
        PodTemplates.controller(set.getApiVersion(), set.getKind(), set.getMetadata()));
  }

  /// The pods of all sets of the owner that a set has; without an owner it has no such sets, not
  /// even itself.
  private List<Pod> related(T set) {
    @Nullable OwnerReference owner = Claiming.controller(set);
    return owner == null
        ? List.of()
        : siblings.by(set.getMetadata().getNamespace(), owner.getUid()).stream()
            .flatMap(each -> controlled.by(each.getMetadata()).stream())
            .toList();
  }

  private void writeStatus(Key key, T set, ReplicaPlan plan, Optional<Failure> failure) {
    JsonNode before = kind.status(api, set);
    ObjectNode status = Api.object();
    ReplicaPlan.Counts counts = plan.counts();
    status.put("replicas", counts.replicas());
    count(status, "fullyLabeledReplicas", counts.fullyLabeled());
    count(status, "readyReplicas", counts.ready());
    count(status, "availableReplicas", counts.available());
    if (set.getKind().equals("ReplicaSet")) {
      status.put("terminatingReplicas", counts.terminating());
    }
    status.put("observedGeneration", set.getMetadata().getGeneration());
    condition(status, before, failure);
    if (!isSame(status, before)) {
      pending.wrote(key, sets, api.updateStatus(set, status));
    }
  }

  /// As Go writes it: nothing is left out.
  private static void count(ObjectNode status, String name, int count) {
    if (count != 0) {
      status.put(name, count);
    }
  }

  /// Numbers are compared as what they say: the cache reads some as other types.
  private static boolean isSame(ObjectNode status, JsonNode before) {
    Set<String> names = new HashSet<>();
    status.fieldNames().forEachRemaining(names::add);
    before.fieldNames().forEachRemaining(names::add);
    return names.stream()
        .allMatch(
            name -> {
              JsonNode wanted = status.path(name);
              return wanted.isContainerNode()
                  ? wanted.equals(before.path(name))
                  : wanted.asText("0").equals(before.path(name).asText("0"))
                      && !before.path(name).isContainerNode();
            });
  }

  /// What others say of the set stays; what failed first is said until nothing does.
  private void condition(ObjectNode status, JsonNode before, Optional<Failure> failure) {
    boolean isKnown = false;
    for (JsonNode each : before.path("conditions")) {
      boolean isOurs = each.path("type").asText().equals(REPLICA_FAILURE);
      if (!isOurs || failure.isPresent()) {
        status.withArrayProperty("conditions").add(each);
      }
      isKnown |= isOurs;
    }
    if (failure.isPresent() && !isKnown) {
      status
          .withArrayProperty("conditions")
          .addObject()
          .put("type", REPLICA_FAILURE)
          .put("status", "True")
          .put("lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
          .put("reason", failure.get().reason())
          .put("message", failure.get().message());
    }
  }
}
