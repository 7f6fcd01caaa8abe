// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerResizePolicy;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Resizing in place (KEP-1287, KEP-5419): what runs of a pod gets the bounds that the pod has been
/// given, by [Allocations].
final class Resizes {
  private static final Duration RETRY = Duration.ofSeconds(10);

  private final ContainerRuntime runtime;
  private final ResizeEvents events;
  private final Allocations allocations;

  /// A resize that has begun and is not done.
  ///
  /// @param generation of the pod that asked for it
  /// @param reason `Error` when it does not work, else empty
  record Progress(long generation, String reason, String message) {}

  /// One look at a pod.
  ///
  /// @param pod with what it has been given
  /// @param restart ends a container that has to start again with other bounds
  record Look(
      Pod pod,
      PodMemory memory,
      Attempts attempts,
      String scheme,
      BiConsumer<Container, ContainerRuntime.Container> restart) {
    String uid() {
      return pod.getMetadata().getUid();
    }
  }

  /// A container with other bounds than it should have.
  ///
  /// @param had null when nobody knows
  private record Change(
      Container spec,
      ContainerRuntime.Container running,
      @Nullable ResourceRequirements had,
      ResourceRequirements wanted) {
    boolean restarts() {
      return had != null && mustRestart(spec, wanted, had);
    }

    /// The memory that it may have from now on, 0 where that is no less than before.
    long less() {
      BigDecimal most = ContainerResources.limit(wanted, "memory");
      BigDecimal before = ContainerResources.limit(had, "memory");
      boolean isLess = had != null && (before.signum() == 0 || most.compareTo(before) < 0);
      return isLess ? most.longValue() : 0;
    }
  }

  Resizes(ContainerRuntime runtime, ResizeEvents events, Allocations allocations) {
    this.runtime = runtime;
    this.events = events;
    this.allocations = allocations;
  }

  /// Gives a pod what it asks for, if there is room, or lets it wait. Comes before a look at it.
  void decide(Pod pod, PodMemory memory) {
    if (memory.given == null) {
      memory.given = Allocation.of(allocations.of(pod));
    }
    memory.resizeWaits = allocations.look(pod);
    @Nullable Long begun = allocations.begun(pod.getMetadata().getUid());
    if (begun != null) {
      memory.resizing = new Progress(begun, "", "");
    }
  }

  /// Gives what runs the bounds that it should have.
  ///
  /// @return when to try again, null for when something changes
  @Nullable Duration bring(Look look) {
    PodMemory memory = look.memory();
    List<Change> changes = changes(look);
    boolean suits = memory.given != null && memory.given.suits(look.pod());
    if (changes.isEmpty() && suits) {
      complete(look);
      return null;
    }
    Progress progress =
        memory.resizing == null
            ? new Progress(Allocations.generation(look.pod()), "", "")
            : memory.resizing;
    memory.resizing = progress;
    try {
      make(look, changes);
      return null;
    } catch (StartException e) {
      fail(look, progress.generation(), String.valueOf(e.getMessage()));
      return RETRY;
    }
  }

  private List<Change> changes(Look look) {
    List<Change> changes = new ArrayList<>();
    for (Container each : Restarts.containers(look.pod()).toList()) {
      ContainerRuntime.@Nullable Container running = look.attempts().latest(each.getName());
      if (running != null && running.running()) {
        @Nullable ResourceRequirements had =
            look.memory().applied(look.pod(), running, look.scheme() + "://" + running.id());
        ResourceRequirements wanted = ContainerResources.bounding(look.pod(), each);
        if (had == null || !ContainerResources.same(had, wanted)) {
          changes.add(new Change(each, running, had, wanted));
        }
      }
    }
    return changes;
  }

  /// No container may have more than its pod, so the pod grows before them and shrinks after them.
  private void make(Look look, List<Change> changes) {
    Resources has = bounds(look);
    Resources wants = ContainerResources.ofPod(look.pod());
    Resources widest = widest(has, wants);
    boolean restarts = changes.stream().anyMatch(Change::restarts);
    requireRoom(look, changes, restarts || !narrows(has, wants) ? 0 : wants.memoryBytes());
    bound(look, widest);
    for (Change each : changes) {
      if (each.restarts()) {
        look.restart().accept(each.spec(), each.running());
      } else {
        runtime.resize(
            look.uid(),
            each.running().id(),
            ContainerResources.of(look.pod(), each.spec(), Machine.memoryBytes()));
        look.memory().applied.put(each.running().id(), each.wanted());
      }
    }
    if (!restarts) {
      bound(look, wants);
      look.memory().given = Allocation.of(look.pod());
      complete(look);
    }
  }

  private static Resources bounds(Look look) {
    @Nullable Resources known = look.memory().bounds;
    return known == null ? ContainerResources.ofPod(look.pod()) : known;
  }

  private void bound(Look look, Resources bounds) {
    if (!bounds.equals(look.memory().bounds)) {
      runtime.resizePod(look.uid(), bounds);
      look.memory().bounds = bounds;
    }
  }

  private static boolean narrows(Resources has, Resources wants) {
    return wants.memoryBytes() > 0
        && (has.memoryBytes() == 0 || wants.memoryBytes() < has.memoryBytes());
  }

  /// With the larger of each bound; 0, which is none, is larger than all.
  private static Resources widest(Resources one, Resources other) {
    return new Resources(
        Math.max(one.cpuShares(), other.cpuShares()),
        wider(one.cpuQuotaMicros(), other.cpuQuotaMicros()),
        wider(one.memoryBytes(), other.memoryBytes()));
  }

  private static long wider(long one, long other) {
    return one == 0 || other == 0 ? 0 : Math.max(one, other);
  }

  /// A kernel that is told to take memory away that is in use ends somebody for it.
  ///
  /// @param podBytes that the pod may have from now on, 0 where that is no less than before
  private void requireRoom(Look look, List<Change> changes, long podBytes) {
    List<String> problems = new ArrayList<>();
    long ofPod = used(look, "");
    if (podBytes > 0 && ofPod >= podBytes) {
      problems.add(
          "attempting to set pod memory limit (%d) below current usage (%d)"
              .formatted(podBytes, ofPod));
    }
    for (Change each : changes) {
      long used = used(look, each.running().id());
      if (!each.restarts() && each.less() > 0 && used >= each.less()) {
        problems.add(
            "attempting to set container \"%s\" memory limit (%d) below current usage (%d)"
                .formatted(each.spec().getName(), each.less(), used));
      }
    }
    if (!problems.isEmpty()) {
      String all = String.join(", ", problems);
      throw new StartException(
          "ResizeError",
          "cannot decrease memory limits: " + (problems.size() == 1 ? all : "[" + all + "]"),
          null);
    }
  }

  /// Bytes; 0 when nobody counts them.
  private long used(Look look, String containerId) {
    OptionalLong used = runtime.memoryBytes(look.uid(), containerId);
    return used.orElse(0);
  }

  private void complete(Look look) {
    @Nullable Progress done = look.memory().resizing;
    if (done != null) {
      look.memory().resizing = null;
      events.completed(look.pod(), done.generation());
    }
  }

  private void fail(Look look, long generation, String message) {
    Progress failed = new Progress(generation, "Error", message);
    if (!failed.equals(look.memory().resizing)) {
      look.memory().resizing = failed;
      events.failed(look.pod(), generation, message);
    }
  }

  /// @param wanted what bounds the container from now on
  static boolean mustRestart(
      Container spec, ResourceRequirements wanted, ResourceRequirements applied) {
    for (ContainerResizePolicy policy : spec.getResizePolicy()) {
      if ("RestartContainer".equals(policy.getRestartPolicy())
          && !ContainerResources.same(wanted, applied, String.valueOf(policy.getResourceName()))) {
        return true;
      }
    }
    return false;
  }
}
