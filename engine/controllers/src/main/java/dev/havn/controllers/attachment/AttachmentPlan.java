// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What is to be done about the volumes of one node. What the node still has mounted is not taken
/// from it, unless it has been silent for long or somebody says that it is out of service: two
/// nodes that write to one disk destroy it.
final class AttachmentPlan {
  /// How long a silent node is waited for.
  static final Duration SILENCE = Duration.ofMinutes(6);

  private final Observed observed;
  private final Instant now;
  private final List<Step> steps = new ArrayList<>();
  private final Set<String> reported = new TreeSet<>();
  private @Nullable Duration again;

  /// Something to be done.
  sealed interface Step {
    /// Says in the node's status what is attached, before anything is detached.
    record Report(Set<String> uniqueNames) implements Step {}

    record Attach(Disk disk) implements Step {}

    /// @param isSafe whether the node is asked once more
    record Detach(Disk disk, boolean isSafe) implements Step {}

    record Tell(String pod, String type, String reason, String message) implements Step {}
  }

  /// @param again when to look again although nothing happened
  record Plan(List<Step> steps, @Nullable Duration again) {}

  /// A VolumeAttachment.
  ///
  /// @param error of the driver, or empty
  record Held(Disk disk, String node, boolean isAttached, boolean isGoing, String error) {}

  /// A node as far as it matters.
  record Place(
      String name, boolean isReady, boolean isOutOfService, Set<String> inUse, Set<String> said) {}

  /// What there is.
  ///
  /// @param place empty when the node is gone
  /// @param wishes the pods of this node by what they use
  /// @param held by this node, and by others what this one wants
  /// @param others pods on other nodes that use what others hold and this one wants
  /// @param unwished since when something is attached that nobody wants, by its unique name
  record Observed(
      String node,
      Optional<Place> place,
      Map<Disk, List<Pod>> wishes,
      List<Held> held,
      Map<Disk, List<Pod>> others,
      Map<String, Instant> unwished) {}

  private AttachmentPlan(Observed observed, Instant now) {
    this.observed = observed;
    this.now = now;
  }

  static Plan of(Observed observed, Instant now) {
    return new AttachmentPlan(observed, now).plan();
  }

  private Plan plan() {
    List<Step> detaches = new ArrayList<>();
    for (Held each : observed.held()) {
      if (!each.node().equals(observed.node()) || each.isGoing()) {
        continue;
      }
      if (!observed.wishes().containsKey(each.disk()) && mayGo(each)) {
        detaches.add(new Step.Detach(each.disk(), !isForced(each)));
      } else if (each.isAttached()) {
        reported.add(each.disk().uniqueName());
      }
    }
    observed
        .place()
        .filter(place -> !place.said().equals(reported))
        .ifPresent(_ -> steps.add(new Step.Report(reported)));
    steps.addAll(detaches);
    observed.wishes().forEach(this::attach);
    return new Plan(steps, again);
  }

  private boolean isForced(Held held) {
    boolean isOut = observed.place().filter(Place::isOutOfService).isPresent();
    return isOut || (isSilent() && !silenceLeft(held).isPositive());
  }

  private boolean isSilent() {
    return observed.place().filter(Place::isReady).isEmpty();
  }

  private Duration silenceLeft(Held held) {
    Instant since = observed.unwished().getOrDefault(held.disk().uniqueName(), now);
    return Duration.between(now, since.plus(SILENCE));
  }

  /// A node that is gone may still write.
  private boolean mayGo(Held held) {
    boolean isMounted =
        observed
            .place()
            .map(place -> place.inUse().contains(held.disk().uniqueName()))
            .orElse(true);
    if (!isMounted || isForced(held)) {
      return true;
    }
    if (isSilent()) {
      Duration left = silenceLeft(held);
      again = again == null || left.compareTo(again) < 0 ? left : again;
    }
    return false;
  }

  private void attach(Disk disk, List<Pod> pods) {
    Optional<Held> mine =
        observed.held().stream()
            .filter(each -> each.node().equals(observed.node()) && each.disk().equals(disk))
            .findFirst();
    if (mine.isPresent()) {
      tell(mine.get(), pods);
      return;
    }
    boolean isElsewhere = observed.held().stream().anyMatch(each -> each.disk().equals(disk));
    if (isElsewhere && !disk.isShareable()) {
      pods.forEach(pod -> steps.add(failed(pod, "Multi-Attach error", disk, usedBy(disk, pod))));
    } else {
      steps.add(new Step.Attach(disk));
    }
  }

  private void tell(Held held, List<Pod> pods) {
    if (held.isGoing()) {
      return;
    }
    boolean isSaid =
        observed
            .place()
            .filter(place -> place.said().contains(held.disk().uniqueName()))
            .isPresent();
    if (held.isAttached() && !isSaid) {
      pods.forEach(
          pod ->
              steps.add(
                  new Step.Tell(
                      pod.getMetadata().getName(),
                      "Normal",
                      "SuccessfulAttachVolume",
                      "AttachVolume.Attach succeeded for volume \"%s\" "
                          .formatted(held.disk().volume()))));
    } else if (!held.isAttached() && !held.error().isEmpty()) {
      pods.forEach(
          pod ->
              steps.add(
                  failed(pod, "AttachVolume.Attach failed", held.disk(), ": " + held.error())));
    }
  }

  private static Step failed(Pod pod, String what, Disk disk, String why) {
    return new Step.Tell(
        pod.getMetadata().getName(),
        "Warning",
        "FailedAttachVolume",
        "%s for volume \"%s\" %s".formatted(what, disk.volume(), why));
  }

  /// Names of other namespaces are nobody's business.
  private String usedBy(Disk disk, Pod pod) {
    List<Pod> all = observed.others().getOrDefault(disk, List.of());
    if (all.isEmpty()) {
      return "Volume is already exclusively attached to one node and can't be attached to another";
    }
    String namespace = pod.getMetadata().getNamespace();
    List<String> near =
        all.stream()
            .filter(each -> each.getMetadata().getNamespace().equals(namespace))
            .map(each -> each.getMetadata().getName())
            .toList();
    int far = all.size() - near.size();
    if (near.isEmpty()) {
      return "Volume is already used by %d pod(s) in different namespaces".formatted(far);
    }
    String names = "Volume is already used by pod(s) " + String.join(", ", near);
    return far == 0 ? names : names + " and %d pod(s) in different namespaces".formatted(far);
  }
}
