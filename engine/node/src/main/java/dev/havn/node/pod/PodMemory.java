// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What is kept of a pod from look to look. A restart of the node forgets it, and it is found out
/// again. Used by one look at a time.
final class PodMemory {
  /// How soon a changed ConfigMap or Secret, or a token near its end, shows in a volume.
  static final Duration VOLUMES_EVERY = Duration.ofSeconds(30);

  /// Why containers wait, by name.
  final Map<String, PodStatusOf.Waiting> waiting = new ConcurrentHashMap<>();

  /// The bounds that running containers were given, by container id.
  final Map<String, ResourceRequirements> applied = new ConcurrentHashMap<>();

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

  private PodStatusOf.@Nullable Ending ending;
  private @Nullable Instant volumesAt;
  private @Nullable Object volumesOf;
  private String placedAt = "";
  private boolean isMissed;
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
  /// @return whether that was so before
  boolean isMissedAgain() {
    boolean before = isMissed;
    isMissed = true;
    return before;
  }

  /// Whether the volumes must be looked at: they never were, a while ago, or for other labels.
  boolean volumesAreDue(Pod pod, Instant now) {
    return volumesAt == null
        || Duration.between(volumesAt, now).compareTo(VOLUMES_EVERY) >= 0
        || !Objects.equals(volumesOf, shown(pod));
  }

  void volumesPrepared(Pod pod, Instant now) {
    volumesAt = now;
    volumesOf = shown(pod);
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
    return pod.getStatus().getContainerStatuses().stream()
        .filter(each -> id.equals(each.getContainerID()))
        .map(each -> each.getResources())
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }
}
