// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.reconcile.Waits;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What is kept of a pod from look to look. A restart of the node forgets it, and it is found out
/// again. Used by one look at a time.
final class PodMemory {
  /// How soon a token near its end shows in a volume, and a ConfigMap or Secret of which nobody
  /// said that it had changed.
  static final Duration VOLUMES_EVERY = Duration.ofSeconds(30);

  private static final Duration MISSED_FIRST = Duration.ofMillis(200);
  private static final Duration MISSED_MIN = Duration.ofSeconds(2);
  private static final Duration MISSED_MAX = Duration.ofMinutes(2);

  /// Why containers wait, by name.
  final Map<String, PodStatusOf.Waiting> waiting = new ConcurrentHashMap<>();

  /// What bounds running containers, by container id.
  final Map<String, ResourceRequirements> applied = new ConcurrentHashMap<>();

  /// What the pod as a whole was given of the node last, null before the first look.
  @Nullable Allocation given;

  /// What bounds the pod as a whole, null before anything does.
  @Nullable Resources bounds;

  /// The handler of the pod's class, null before anybody asked for it.
  @Nullable String handler;

  /// Why the pod does not get what it asks for, null when it has it.
  PodStatusOf.@Nullable Waiting resizeWaits;

  /// The resize that is under way.
  Resizes.@Nullable Progress resizing;

  /// What `postStart` hooks that are not over will say, by container id.
  final Map<String, CompletableFuture<String>> postStarts = new ConcurrentHashMap<>();

  /// Containers that are ended to start again at once, by id.
  final Set<String> restarting = ConcurrentHashMap.newKeySet();

  /// The attempt from which failures of a container count, by name: the one this node met it at,
  /// then the last that ran long. As with the kubelet, what ended while no node was there, or with
  /// it, is no failure.
  private final Map<String, Integer> good = new ConcurrentHashMap<>();

  /// The attempts that no longer count, since the whole pod starts over, by name.
  private final Map<String, Integer> voided = new ConcurrentHashMap<>();

  /// Containers that could not be started when that was last tried, by name.
  private final Map<String, FailedStart> failedStarts = new ConcurrentHashMap<>();

  private record FailedStart(Duration pause, Instant at) {}

  /// Whether something that volumes are made of has changed since they were made.
  private final AtomicBoolean news = new AtomicBoolean();

  private PodStatusOf.@Nullable Ending ending;
  private @Nullable Instant volumesAt;
  private @Nullable Object volumesOf;
  private String placedAt = "";
  private int misses;
  private @Nullable Instant missedAt;
  private Duration missedFor = Duration.ZERO;
  private @Nullable Written written;

  /// @param resourceVersion of the pod that the status was made of
  private record Written(String resourceVersion, JsonNode status) {}

  /// A container is looked at, perhaps for the first time.
  ///
  /// @param known its latest attempt, null when it has not been started
  void meet(String container, @Nullable Container known) {
    good.putIfAbsent(container, known == null ? 0 : known.attempt());
  }

  /// Lets what has run not count any more: the pod starts over.
  void startOver(Map<String, Container> latest) {
    latest.forEach((name, container) -> voided.put(name, container.attempt()));
  }

  /// Whether an attempt ended before the pod started over.
  boolean isVoid(Container container) {
    return container.attempt() <= voided.getOrDefault(container.name(), -1);
  }

  /// How long a container that ended waits for its next start.
  RestartBackoff backoff(Container ended, Instant now) {
    if (RestartBackoff.ranLong(ended)) {
      good.put(ended.name(), ended.attempt());
    }
    return RestartBackoff.of(ended, good.getOrDefault(ended.name(), ended.attempt()), now);
  }

  /// Why the pod was ended as a whole, null when it was not.
  PodStatusOf.@Nullable Ending ending() {
    return ending;
  }

  /// @return whether this is news
  boolean end(PodStatusOf.Ending why) {
    boolean first = ending == null;
    ending = first ? why : ending;
    return first;
  }

  /// Notes that something is missing that the pod needs before its containers.
  ///
  /// @return how long to wait until it is looked for again: as with a kubelet, longer and longer
  Duration missed(Instant now) {
    Duration doubled = MISSED_MIN.multipliedBy(1L << Math.min(Math.max(0, misses - 1), 10));
    missedFor =
        misses == 0 ? MISSED_FIRST : doubled.compareTo(MISSED_MAX) > 0 ? MISSED_MAX : doubled;
    misses++;
    missedAt = now;
    return missedFor;
  }

  /// Whether it was missed more than once: what is missing is often under way, as a claim that is
  /// being bound.
  boolean isMissedAgain() {
    return misses > 1;
  }

  /// How long still not to look for what is missing.
  Duration missedLeft(Instant now) {
    return missedAt == null || news.get() ? Duration.ZERO : Waits.left(missedAt, missedFor, now);
  }

  /// Notes that a container could not be started.
  ///
  /// @return how long to wait until the next try
  Duration startFailed(String container, Instant now) {
    @Nullable FailedStart before = failedStarts.get(container);
    Duration doubled = before == null ? RestartBackoff.MIN : before.pause().multipliedBy(2);
    Duration pause = doubled.compareTo(RestartBackoff.MAX) > 0 ? RestartBackoff.MAX : doubled;
    failedStarts.put(container, new FailedStart(pause, now));
    return pause;
  }

  void started(String container) {
    failedStarts.remove(container);
  }

  /// How long still not to start a container that could not be.
  Duration startLeft(String container, Instant now) {
    @Nullable FailedStart failed = failedStarts.get(container);
    return failed == null ? Duration.ZERO : Waits.left(failed.at(), failed.pause(), now);
  }

  /// Forgets a container that is no more.
  void forget(String containerId) {
    applied.remove(containerId);
    postStarts.remove(containerId);
    restarting.remove(containerId);
  }

  /// Whether the pod has had its volumes, however old they are.
  boolean hasVolumes() {
    return volumesAt != null;
  }

  /// Something that volumes are made of has changed, or is there now. For many threads.
  void hear() {
    news.set(true);
  }

  /// Volumes are made of what is there from now on.
  void volumesBegun() {
    news.set(false);
  }

  /// Whether the volumes must be looked at: they never were, a while ago, or for other labels, or
  /// there is news.
  boolean volumesAreDue(Pod pod, Instant now) {
    return volumesAt == null
        || news.get()
        || Duration.between(volumesAt, now).abs().compareTo(VOLUMES_EVERY) >= 0
        || !Objects.equals(volumesOf, shown(pod));
  }

  void volumesPrepared(Pod pod, Instant now) {
    volumesAt = now;
    volumesOf = shown(pod);
    misses = 0;
    missedAt = null;
  }

  private static Object shown(Pod pod) {
    Map<String, String> none = Map.of();
    return Map.of(
        "labels", Objects.requireNonNullElse(pod.getMetadata().getLabels(), none),
        "annotations", Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), none));
  }

  /// Whether the pod has been told another address than this one.
  boolean isPlaced(String address) {
    return placedAt.equals(address);
  }

  void placed(String address) {
    placedAt = address;
  }

  /// Whether this status was written over the same pod already: the write is on its way back.
  boolean isWritten(Pod pod, JsonNode status) {
    return new Written(pod.getMetadata().getResourceVersion(), status).equals(written);
  }

  void written(Pod pod, JsonNode status) {
    written = new Written(pod.getMetadata().getResourceVersion(), status);
  }

  /// What bounds a running container: as it was given, or as the pod's status says; null when
  /// neither knows.
  @Nullable ResourceRequirements applied(Pod pod, Container container, String id) {
    @Nullable ResourceRequirements known = applied.get(container.id());
    if (known != null || pod.getStatus() == null) {
      return known;
    }
    return Stream.concat(
            pod.getStatus().getInitContainerStatuses().stream(),
            pod.getStatus().getContainerStatuses().stream())
        .filter(each -> id.equals(each.getContainerID()))
        .map(each -> each.getResources())
        .filter(Objects::nonNull)
        .map(own -> ContainerResources.bounding(own, given == null ? null : given.whole()))
        .findFirst()
        .orElse(null);
  }
}
