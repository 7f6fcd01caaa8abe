// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.protection.ClaimPods;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Carries out what [ClaimPlan] and [VolumePlan] say. A key without a namespace is a volume's. One
/// worker, so that two claims are not given the same volume; should a cache have been behind, the
/// write of the volume fails, since it names the revision that was looked at.
public final class Binder implements Reconciler {
  /// How often one that waits is looked at while it is young, and later.
  private static final Duration OFTEN = Duration.ofSeconds(15);

  private static final Duration SELDOM = Duration.ofMinutes(5);
  private static final Duration YOUNG = Duration.ofMinutes(6);

  private final Caches caches;
  private final Events events;
  private final InstantSource clock;
  private final Written<PersistentVolume> volumes;
  private final Written<PersistentVolumeClaim> claims;
  private final BindingWrites writes;
  private final Recycler recycler;
  private final Candidates candidates;
  private final ClaimPods users;
  private Consumer<Key> lookAt = _ -> {};

  /// What is looked at.
  public record Caches(
      Informer<PersistentVolume> volumes,
      Informer<PersistentVolumeClaim> claims,
      Informer<StorageClass> classes,
      Informer<Pod> pods) {}

  public Binder(Caches caches, Api api, Events events, InstantSource clock) {
    this.caches = caches;
    this.events = events;
    this.clock = clock;
    this.volumes = new Written<>(caches.volumes());
    this.claims = new Written<>(caches.claims());
    this.writes = new BindingWrites(api, volumes::wrote, claims::wrote);
    this.candidates = new Candidates(caches.volumes(), caches.claims());
    this.users = ClaimPods.of(caches.pods());
    this.recycler = new Recycler(caches.pods(), api, clock);
  }

  /// @param added takes keys to look at
  public void onMore(Consumer<Key> added) {
    this.lookAt = added;
  }

  /// The claims that a change of a volume may help, or hurt.
  public Stream<PersistentVolumeClaim> concerned(PersistentVolume volume) {
    return candidates.concernedBy(volume);
  }

  /// The volumes that name a claim.
  public List<PersistentVolume> namers(PersistentVolumeClaim claim) {
    return candidates.keptFor(claim);
  }

  /// The volume that a pod empties, if it does that.
  public static @Nullable Key recycledBy(Pod pod) {
    return Recycler.volumeOf(pod);
  }

  @Override
  public Result reconcile(Key key) {
    return key.namespace().isEmpty() ? volume(key.name()) : claim(key);
  }

  private Result claim(Key key) {
    @Nullable PersistentVolumeClaim claim = claims.get(key.namespace(), key.name());
    if (claim == null) {
      return Result.DONE;
    }
    List<Step> steps =
        ClaimPlan.of(
            claim,
            new ClaimPlan.Observed(known(claim), caches.classes().list(), waitingPods(claim)));
    for (Step step : steps) {
      apply(step, claim);
    }
    boolean waits = steps.stream().noneMatch(ends -> ends instanceof Step.Bind);
    return waits && Binding.isOpen(claim) ? Result.after(pause(claim)) : Result.DONE;
  }

  /// The volumes that a claim may be given, and the one that it names.
  private Map<String, PersistentVolume> known(PersistentVolumeClaim claim) {
    Map<String, PersistentVolume> known = new LinkedHashMap<>();
    Stream<PersistentVolume> named =
        Stream.ofNullable(claim.getSpec().getVolumeName())
            .flatMap(name -> Stream.ofNullable(volumes.get("", name)));
    Stream<PersistentVolume> free =
        Binding.isOpen(claim)
            ? candidates.volumesFor(claim).stream().map(volumes::latest)
            : Stream.empty();
    Stream.concat(named, free).forEach(each -> known.put(each.getMetadata().getName(), each));
    return known;
  }

  private Duration pause(PersistentVolumeClaim claim) {
    Instant since = Instant.parse(claim.getMetadata().getCreationTimestamp());
    return since.plus(YOUNG).isAfter(clock.instant()) ? OFTEN : SELDOM;
  }

  private List<String> waitingPods(PersistentVolumeClaim claim) {
    return pods(claim.getMetadata().getNamespace(), claim.getMetadata().getName())
        .filter(pod -> Binding.isEmpty(pod.getSpec().getNodeName()))
        .map(pod -> pod.getMetadata().getName())
        .toList();
  }

  /// Those that use a claim and have not ended.
  private Stream<Pod> pods(String namespace, String claim) {
    return users.of(namespace, claim).stream()
        .filter(pod -> !PodState.isFinished(pod))
        .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()));
  }

  private Result volume(String name) {
    @Nullable PersistentVolume volume = volumes.get("", name);
    if (volume == null) {
      return Result.DONE;
    }
    @Nullable ObjectReference reference = volume.getSpec().getClaimRef();
    @Nullable PersistentVolumeClaim claim = reference == null ? null : claimOf(volume, reference);
    List<String> users =
        reference == null
            ? List.of()
            : pods(reference.getNamespace(), reference.getName())
                .map(pod -> Informer.keyOf(pod).toString())
                .toList();
    List<Step> steps = VolumePlan.of(volume, claim, users);
    if (!steps.contains(new Step.Recycle())) {
      apply(steps, volume, claim);
      boolean isHeld = steps.stream().anyMatch(Step.VolumeEvent.class::isInstance);
      return isHeld && !users.isEmpty() ? Result.after(OFTEN) : Result.DONE;
    }
    Recycler.State state = recycler.recycle(volume);
    List<Step> all = new ArrayList<>(steps);
    all.remove(new Step.Recycle());
    all.addAll(state.steps());
    apply(all, volume, claim);
    return Result.after(state.again());
  }

  /// A claim that the cache does not know, or knows otherwise, may be too new for it: a volume must
  /// not be given up for that.
  private @Nullable PersistentVolumeClaim claimOf(
      PersistentVolume volume, ObjectReference reference) {
    @Nullable PersistentVolumeClaim known =
        claims.get(reference.getNamespace(), reference.getName());
    boolean isGone = known == null || !known.getMetadata().getUid().equals(reference.getUid());
    boolean isReclaimed = List.of("Released", "Failed").contains(Binding.phase(volume));
    return isGone && !isReclaimed && !Binding.isEmpty(reference.getUid())
        ? writes.claim(reference.getNamespace(), reference.getName())
        : known;
  }

  private void apply(
      List<Step> steps, PersistentVolume volume, @Nullable PersistentVolumeClaim claim) {
    JsonNode stands = writes.tree(volume);
    for (Step step : steps) {
      switch (step) {
        case Step.VolumePhase phase ->
            stands = writes.volumePhase(stands, phase.phase(), phase.message());
        case Step.Unbind _ -> stands = writes.unbind(stands);
        case Step.VolumeEvent event ->
            events.record(volume, "", event.type(), event.reason(), event.message());
        case Step.LookAtClaim _ -> lookAt.accept(Informer.keyOf(notNull(claim)));
        case Step.ClaimEvent event ->
            events.record(notNull(claim), "", event.type(), event.reason(), event.message());
        case Step.Bind _, Step.ClaimPhase _, Step.AssignClass _, Step.Provision _, Step.Recycle _ ->
            throw new AssertionError(step + " is nothing to do with a volume");
      }
    }
  }

  private void apply(Step step, PersistentVolumeClaim claim) {
    switch (step) {
      case Step.Bind bind -> bind(bind.volume(), claim);
      case Step.ClaimPhase phase -> writes.claimPhase(claim, phase.phase());
      case Step.AssignClass assign ->
          writes.claim(
              claim,
              tree -> tree.withObjectProperty("spec").put("storageClassName", assign.name()));
      case Step.Provision provision -> writes.provisioner(claim, provision.provisioner());
      case Step.ClaimEvent event ->
          events.record(claim, "", event.type(), event.reason(), event.message());
      case Step.VolumePhase _,
          Step.Unbind _,
          Step.VolumeEvent _,
          Step.LookAtClaim _,
          Step.Recycle _ ->
          throw new AssertionError(step + " is nothing to do with a claim");
    }
  }

  private void bind(String name, PersistentVolumeClaim claim) {
    @Nullable PersistentVolume volume = volumes.get("", name);
    if (volume != null) {
      JsonNode bound = writes.bindVolume(volume, claim);
      writes.bindClaim(claim, bound);
    }
  }

  private static <T> T notNull(@Nullable T object) {
    if (object == null) {
      throw new AssertionError("a step about nothing");
    }
    return object;
  }
}
