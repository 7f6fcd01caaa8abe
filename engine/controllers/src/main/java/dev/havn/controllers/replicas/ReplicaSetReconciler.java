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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Keeps the pods of a ReplicaSet or ReplicationController; what differs between the two is in
/// [Kind].
public final class ReplicaSetReconciler<T extends HasMetadata> implements Reconciler {
  private final Kind<T> kind;
  private final Informer<T> sets;
  private final Informer<Pod> pods;
  private final Controlled<Pod> controlled;
  private final Controlled<T> siblings;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final Batches batches;
  private final PendingWrites pending = new PendingWrites();

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
    this.events = events;
    this.clock = clock;
    this.batches = batches;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable T set = sets.get(key.namespace(), key.name());
    if (set == null) {
      pending.forget(key);
      return Result.DONE;
    }
    if (!sets.hasSynced() || !pods.hasSynced()) {
      return Result.after(Duration.ofMillis(100));
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    List<Pod> candidates = controlled.candidates(set.getMetadata());
    Instant now = clock.instant();
    ReplicaPlan.Desired desired = kind.desired(set);
    ReplicaPlan plan = ReplicaPlan.of(desired, candidates, () -> related(set), now);
    plan.adopt().forEach(pod -> adopt(key, set, pod));
    plan.release().forEach(pod -> release(key, set, pod));
    @Nullable String failure = carryOut(key, set, plan, desired);
    writeStatus(set, plan, desired, failure);
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
    return Result.after(plan.again());
  }

  /// What the API refused, null when nothing.
  private @Nullable String carryOut(Key key, T set, ReplicaPlan plan, ReplicaPlan.Desired desired) {
    List<Integer> missing = IntStream.range(0, plan.create()).boxed().toList();
    Optional<RuntimeException> failed =
        batches
            .run(missing, _ -> refusal(() -> create(key, set, desired)))
            .or(() -> batches.run(plan.delete(), pod -> refusal(() -> delete(key, set, pod))));
    @Nullable String failure = failed.map(e -> String.valueOf(e.getMessage())).orElse(null);
    if (failure != null) {
      events.warning(set, "FailedCreate", "Error creating: " + failure);
    }
    return failure;
  }

  private static Optional<RuntimeException> refusal(Runnable write) {
    try {
      write.run();
      return Optional.empty();
    } catch (Api.RefusedException e) {
      return Optional.of(e);
    }
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

  private void create(Key key, T set, ReplicaPlan.Desired desired) {
    Pod pod =
        PodTemplates.pod(
            desired.template(),
            key.namespace(),
            PodTemplates.controller(set.getApiVersion(), set.getKind(), set.getMetadata()));
    JsonNode made = api.create(pod);
    pending.wrote(key, pods, made);
    events.normal(
        set, "SuccessfulCreate", "Created pod: " + made.path("metadata").path("name").asText());
  }

  private void delete(Key key, T set, Pod pod) {
    ObjectNode options = Api.object();
    options.putObject("preconditions").put("uid", pod.getMetadata().getUid());
    api.delete(podPath(pod), options);
    pending.deleted(key, pods, pod);
    events.normal(set, "SuccessfulDelete", "Deleted pod: " + pod.getMetadata().getName());
  }

  private static String podPath(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  private void adopt(Key key, T set, Pod pod) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    List<Object> owners = new ArrayList<>(pod.getMetadata().getOwnerReferences());
    owners.add(PodTemplates.controller(set.getApiVersion(), set.getKind(), set.getMetadata()));
    metadata.set("ownerReferences", api.toTree(owners));
    pending.wrote(key, pods, api.merge(podPath(pod), patch));
  }

  private void release(Key key, T set, Pod pod) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    List<Object> owners = new ArrayList<>();
    pod.getMetadata().getOwnerReferences().stream()
        .filter(owner -> !owner.getUid().equals(set.getMetadata().getUid()))
        .forEach(owners::add);
    metadata.set("ownerReferences", api.toTree(owners));
    pending.wrote(key, pods, api.merge(podPath(pod), patch));
  }

  private void writeStatus(
      T set, ReplicaPlan plan, ReplicaPlan.Desired desired, @Nullable String failure) {
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
    if (!isSame(status, before) && !desired.deleted()) {
      try {
        api.updateStatus(set, status);
      } catch (Api.RefusedException e) {
        // The newer version is on its way through the watch, and brings the set back here.
        if (!e.isStale()) {
          throw e;
        }
      }
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

  private void condition(ObjectNode status, JsonNode before, @Nullable String failure) {
    if (failure == null) {
      return;
    }
    if (!before.path("conditions").isEmpty()) {
      status.set("conditions", before.get("conditions"));
      return;
    }
    status
        .putArray("conditions")
        .addObject()
        .put("type", "ReplicaFailure")
        .put("status", "True")
        .put("lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("reason", "FailedCreate")
        .put("message", failure);
  }
}
