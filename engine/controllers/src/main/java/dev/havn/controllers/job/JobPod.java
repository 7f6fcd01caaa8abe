// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A pod as its job sees it.
///
/// @param index which completion it works on, or [#NO_INDEX]
/// @param tracked whether it carries [#FINALIZER], that is, has not been counted yet
record JobPod(Pod pod, int index, boolean tracked) {
  /// Keeps a pod until it has been counted (KEP-2307).
  static final String FINALIZER = "batch.kubernetes.io/job-tracking";

  static final String INDEX = "batch.kubernetes.io/job-completion-index";
  static final String FAILURES = "batch.kubernetes.io/job-index-failure-count";
  static final String IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count";
  static final int NO_INDEX = -1;

  static JobPod of(Pod pod) {
    return new JobPod(pod, number(pod, INDEX, NO_INDEX), isTracked(pod));
  }

  static boolean isTracked(Pod pod) {
    return pod.getMetadata().getFinalizers().contains(FINALIZER);
  }

  /// A patch by which a pod is no longer tracked.
  static ObjectNode withoutFinalizer() {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").putArray("$deleteFromPrimitiveList/finalizers").add(FINALIZER);
    return patch;
  }

  private static int number(Pod pod, String annotation, int otherwise) {
    @Nullable Map<String, String> annotations = pod.getMetadata().getAnnotations();
    @Nullable String text = annotations == null ? null : annotations.get(annotation);
    return text != null && text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : otherwise;
  }

  String uid() {
    return pod.getMetadata().getUid();
  }

  String name() {
    return pod.getMetadata().getName();
  }

  boolean isActive() {
    return PodState.isActive(pod);
  }

  boolean isReady() {
    return PodState.isReady(pod);
  }

  boolean isSucceeded() {
    return "Succeeded".equals(phase());
  }

  /// Being deleted, and still running for all that is known.
  boolean isTerminating() {
    return PodState.isTerminating(pod) && !PodState.isFinished(pod);
  }

  /// One that is being deleted has failed, unless the job waits until it is over: its node may be
  /// gone, and then it would never be.
  boolean isFailed(Terms terms) {
    return "Failed".equals(phase()) || (!terms.replacesFailedOnly() && isTerminating());
  }

  String phase() {
    @Nullable String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    return phase == null ? "Pending" : phase;
  }

  /// How often its index had failed before it.
  int failures() {
    return number(pod, FAILURES, 0);
  }

  /// How often its index had failed in a way that does not count.
  int ignoredFailures() {
    return number(pod, IGNORED_FAILURES, 0);
  }

  int restarts() {
    return statuses()
        .mapToInt(status -> status.getRestartCount() == null ? 0 : status.getRestartCount())
        .sum();
  }

  private java.util.stream.Stream<ContainerStatus> statuses() {
    if (pod.getStatus() == null) {
      return java.util.stream.Stream.of();
    }
    return java.util.stream.Stream.concat(
        pod.getStatus().getInitContainerStatuses().stream(),
        pod.getStatus().getContainerStatuses().stream());
  }

  /// When it was over: its last container, else when it was no longer Ready, else when its deletion
  /// began, else when it was made.
  Instant finished() {
    @Nullable Instant finished = lastContainer();
    if (finished == null) {
      finished = notReadySince();
    }
    @Nullable String deleted = pod.getMetadata().getDeletionTimestamp();
    if (finished == null && deleted != null) {
      @Nullable Long grace = pod.getMetadata().getDeletionGracePeriodSeconds();
      finished = Instant.parse(deleted).minus(Duration.ofSeconds(grace == null ? 0 : grace));
    }
    return finished == null ? Instant.parse(pod.getMetadata().getCreationTimestamp()) : finished;
  }

  /// Sidecars end after the containers that they are for.
  private @Nullable Instant lastContainer() {
    if (pod.getStatus() == null) {
      return null;
    }
    Set<String> sidecars =
        pod.getSpec().getInitContainers().stream()
            .filter(container -> "Always".equals(container.getRestartPolicy()))
            .map(Container::getName)
            .collect(Collectors.toSet());
    List<ContainerStatus> lasting = new ArrayList<>(pod.getStatus().getContainerStatuses());
    pod.getStatus().getInitContainerStatuses().stream()
        .filter(status -> sidecars.contains(status.getName()))
        .forEach(lasting::add);
    @Nullable Instant last = null;
    for (ContainerStatus each : lasting) {
      if (each.getState() == null
          || each.getState().getTerminated() == null
          || each.getState().getTerminated().getFinishedAt() == null) {
        return null;
      }
      Instant end = Instant.parse(each.getState().getTerminated().getFinishedAt());
      last = last == null || last.isBefore(end) ? end : last;
    }
    return last;
  }

  private @Nullable Instant notReadySince() {
    if (pod.getStatus() == null) {
      return null;
    }
    return pod.getStatus().getConditions().stream()
        .filter(each -> each.getType().equals("Ready") && each.getStatus().equals("False"))
        .map(PodCondition::getLastTransitionTime)
        .filter(time -> time != null)
        .map(Instant::parse)
        .findFirst()
        .orElse(null);
  }
}
