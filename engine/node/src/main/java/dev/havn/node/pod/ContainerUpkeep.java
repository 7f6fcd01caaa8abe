// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Keeps single containers of a pod running: starts, starts again after a while, runs the hook
/// after the start.
final class ContainerUpkeep {
  static final String INITIALIZING = "PodInitializing";
  private static final String CREATING = "ContainerCreating";
  private static final Duration RETRY = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final PodReconciler.Parts parts;
  private final Pod pod;
  private final List<Container> ephemeral;
  private final PodPlace place;
  private final String address;
  private final Attempts attempts;
  private final PodMemory memory;
  private @Nullable Duration again;

  /// @param ephemeral the ephemeral containers of the pod
  /// @param address of the pod
  ContainerUpkeep(
      PodReconciler.Parts parts,
      Pod pod,
      List<Container> ephemeral,
      PodPlace place,
      String address,
      Attempts attempts,
      PodMemory memory) {
    this.parts = parts;
    this.pod = pod;
    this.ephemeral = ephemeral;
    this.place = place;
    this.address = address;
    this.attempts = attempts;
    this.memory = memory;
  }

  /// When to look again, null for when something changes.
  @Nullable Duration again() {
    return again;
  }

  /// Starts a container that has not run, and one that ended if its policy says so.
  ///
  /// @return whether the next container may start: not before this one's `postStart` hook is over
  ///
  /// @param restarts whether it starts again after an exit code
  boolean keep(Container container, IntPredicate restarts) {
    ContainerRuntime.@Nullable Container known = attempts.latest(container.getName());
    memory.meet(container.getName(), known);
    if (known == null) {
      return start(container, 0);
    }
    if (known.running()) {
      return isPostStarted(container, known);
    }
    if (memory.restarting.remove(known.id()) || memory.isVoid(known)) {
      return start(container, known.attempt() + 1);
    }
    if (!restarts.test(known.exitCode()) || backsOff(container, known)) {
      return true;
    }
    return start(container, known.attempt() + 1);
  }

  private boolean backsOff(Container container, ContainerRuntime.Container known) {
    RestartBackoff backoff = memory.backoff(known, parts.clock().instant());
    if (!backoff.waits()) {
      return false;
    }
    lookAgainIn(backoff.left());
    String whole =
        "%s_%s(%s)"
            .formatted(pod.getMetadata().getName(), pod.getMetadata().getNamespace(), place.uid());
    String message =
        "back-off %s restarting failed container=%s pod=%s"
            .formatted(backoff.shown(), container.getName(), whole);
    PodStatusOf.Waiting why = new PodStatusOf.Waiting("CrashLoopBackOff", message);
    if (memory.waiting.put(container.getName(), why) == null) {
      record(
          container,
          "Warning",
          "BackOff",
          "Back-off restarting failed container %s in pod %s"
              .formatted(container.getName(), whole));
    }
    return true;
  }

  private void lookAgainIn(Duration left) {
    again = again == null || left.compareTo(again) < 0 ? left : again;
  }

  private void record(Container container, String type, String reason, String message) {
    String list =
        ephemeral.contains(container)
            ? "ephemeralContainers"
            : pod.getSpec().getInitContainers().contains(container)
                ? "initContainers"
                : "containers";
    parts
        .events()
        .record(pod, "spec." + list + "{" + container.getName() + "}", type, reason, message);
  }

  private boolean start(Container container, int attempt) {
    Duration left = memory.startLeft(container.getName(), parts.clock().instant());
    if (left.isPositive()) {
      lookAgainIn(left);
      return true;
    }
    List<PodImages.Wanted> images = parts.runtime().needsImages() ? images(container) : List.of();
    if (!haveImages(container, images)) {
      return true;
    }
    try {
      launch(container, parts.containers().spec(pod, container, attempt, address), images);
      record(container, "Normal", "Created", "Container created");
      record(container, "Normal", "Started", "Container started");
      tellUnenforced(container);
      attempts.observe();
      ContainerRuntime.@Nullable Container started = attempts.latest(container.getName());
      return started == null || begin(container, started);
    } catch (StartException e) {
      if (isTooEarly(e)) {
        memory.waiting.remove(container.getName());
        lookAgainIn(RETRY);
        return true;
      }
      PodStatusOf.Waiting why = new PodStatusOf.Waiting(e.reason(), String.valueOf(e.getMessage()));
      if (!why.equals(memory.waiting.put(container.getName(), why))) {
        record(container, "Warning", "Failed", String.valueOf(e.getMessage()));
      }
      Duration wait = memory.startLeft(container.getName(), parts.clock().instant());
      lookAgainIn(wait.isPositive() ? wait : RETRY);
      return true;
    }
  }

  /// Of the others it was said when the pod came.
  private void tellUnenforced(Container container) {
    if (ephemeral.contains(container) && parts.runtime().needsImages()) {
      Unenforced.of(container, parts.runtime().features(), parts.scheme())
          .ifPresent(message -> record(container, "Warning", Unenforced.REASON, message));
    }
  }

  /// Whether nothing is wrong, but others come first.
  private static boolean isTooEarly(StartException why) {
    return why.reason().equals(CREATING);
  }

  /// What fails here costs mounts, processes and a look at the registry each time.
  private void launch(
      Container container, ContainerRuntime.ContainerSpec spec, List<PodImages.Wanted> images) {
    images.forEach(each -> parts.images().taken(pod, each));
    try {
      parts.runtime().start(place, spec);
      memory.started(container.getName());
    } catch (StartException e) {
      if (!isTooEarly(e)) {
        memory.startFailed(container.getName(), parts.clock().instant());
      }
      throw e;
    }
  }

  /// Of a container and of the volumes that it mounts.
  private List<PodImages.Wanted> images(Container container) {
    List<PodImages.Wanted> images = new ArrayList<>();
    images.add(
        new PodImages.Wanted(
            container.getImage(), policy(container.getImagePullPolicy()), container.getName()));
    for (Volume volume : pod.getSpec().getVolumes()) {
      boolean mounted =
          volume.getImage() != null
              && container.getVolumeMounts().stream()
                  .anyMatch(each -> each.getName().equals(volume.getName()));
      if (mounted) {
        images.add(
            new PodImages.Wanted(
                volume.getImage().getReference(),
                policy(volume.getImage().getPullPolicy()),
                container.getName() + "/" + volume.getName()));
      }
    }
    return images;
  }

  private static String policy(@Nullable String policy) {
    return policy == null || policy.isEmpty() ? "IfNotPresent" : policy;
  }

  /// Whether all images are there; why not is told.
  private boolean haveImages(Container container, List<PodImages.Wanted> images) {
    boolean all = true;
    for (PodImages.Wanted each : images) {
      PodImages.Answer answer =
          parts
              .images()
              .ensure(
                  pod, each, (type, reason, message) -> record(container, type, reason, message));
      switch (answer) {
        case PodImages.Ready _ -> {}
        case PodImages.Pulling _ -> all = false;
        case PodImages.Refused refused -> {
          PodStatusOf.Waiting why = new PodStatusOf.Waiting(refused.reason(), refused.message());
          if (!why.equals(memory.waiting.put(container.getName(), why))) {
            record(container, "Warning", "Failed", "Error: " + refused.reason());
          }
          if (refused.again() != null) {
            lookAgainIn(refused.again());
          }
          return false;
        }
      }
    }
    return all;
  }

  /// Begins the `postStart` hook of a container that just started.
  private boolean begin(Container container, ContainerRuntime.Container started) {
    memory.applied.put(started.id(), ContainerResources.bounding(pod, container));
    boolean hooked =
        parts.runtime().needsImages()
            && container.getLifecycle() != null
            && container.getLifecycle().getPostStart() != null;
    if (hooked) {
      CompletableFuture<String> done =
          parts
              .hooks()
              .run(
                  container.getLifecycle().getPostStart(),
                  pod,
                  container,
                  started,
                  Duration.ZERO,
                  address);
      memory.postStarts.put(started.id(), done);
      var unused = done.thenRun(() -> parts.look().accept(pod));
    }
    return isPostStarted(container, started);
  }

  /// Whether a running container's hook is over; a container whose hook failed is ended.
  private boolean isPostStarted(Container container, ContainerRuntime.Container running) {
    @Nullable CompletableFuture<String> hook = memory.postStarts.get(running.id());
    if (hook != null && !hook.isDone()) {
      boolean inits = !pod.getSpec().getInitContainers().isEmpty();
      memory.waiting.put(
          container.getName(), new PodStatusOf.Waiting(inits ? INITIALIZING : CREATING, ""));
      return false;
    }
    memory.waiting.remove(container.getName());
    if (hook != null) {
      memory.postStarts.remove(running.id());
      if (!hook.join().isEmpty()) {
        record(container, "Warning", "FailedPostStartHook", "PostStartHook failed");
        stop(container, running, "FailedPostStartHook");
      }
    }
    return true;
  }

  void stop(Container container, ContainerRuntime.Container running, String why) {
    Long seconds = pod.getSpec().getTerminationGracePeriodSeconds();
    Duration grace = seconds == null ? GRACE : Duration.ofSeconds(seconds);
    parts.stops().stop(pod, container, running, grace, why);
  }

  /// Ends a container that starts again at once, since it must for other bounds.
  void restart(Container container, ContainerRuntime.Container running) {
    memory.restarting.add(running.id());
    stop(container, running, "Container " + container.getName() + " resize requires restart");
  }
}
