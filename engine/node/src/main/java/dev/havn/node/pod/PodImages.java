// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.Images;
import dev.havn.node.image.Images.Pulled;
import dev.havn.node.image.Reference;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Sees to it that the images of pods are there when containers start, by their pull policies and
/// in the kubelet's words. A pull runs beside; who waits for it is looked at when it is over. For
/// many threads, one at a time for each pod.
final class PodImages {
  private static final String ERROR = "ErrImagePull";

  private final Images images;
  private final PullSecrets secrets;
  private final InstantSource clock;
  private final Executor executor;
  private final Consumer<Pod> look;

  /// Pulls that run or have ended, by pod, image and user.
  private final Map<String, CompletableFuture<Outcome>> pulls = new ConcurrentHashMap<>();

  /// By pod and image.
  private final Map<String, PullBackoff> backoffs = new ConcurrentHashMap<>();

  /// @param look looks at a pod soon
  PodImages(
      Images images,
      PullSecrets secrets,
      InstantSource clock,
      Executor executor,
      Consumer<Pod> look) {
    this.images = images;
    this.secrets = secrets;
    this.clock = clock;
    this.executor = executor;
    this.look = look;
  }

  /// An image that is wanted.
  ///
  /// @param user what wants it, a container or a volume of the pod
  record Wanted(String image, String policy, String user) {}

  /// Records an event.
  @FunctionalInterface
  interface Recorder {
    void record(String type, String reason, String message);
  }

  /// Whether an image is there.
  sealed interface Answer {}

  record Ready() implements Answer {}

  /// The pod is looked at again when the pull is over.
  record Pulling() implements Answer {}

  /// @param again when to look again, null for when the pod changes
  record Refused(String reason, String message, @Nullable Duration again) implements Answer {}

  private sealed interface Outcome {}

  /// @param waited also for other pulls
  private record Done(Pulled pulled, Duration waited) implements Outcome {}

  private record Failed(String message) implements Outcome {}

  Answer ensure(Pod pod, Wanted wanted, Recorder events) {
    Reference name;
    try {
      name = Reference.parse(wanted.image());
    } catch (Reference.InvalidNameException e) {
      String message =
          "Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": %s"
              .formatted(wanted.image(), wanted.image(), e.getMessage());
      events.record("Warning", "InspectFailed", message);
      return new Refused("InvalidImageName", message, PullBackoff.MIN);
    }
    String key = key(pod, wanted.image()) + "|" + wanted.user();
    @Nullable CompletableFuture<Outcome> pull = pulls.get(key);
    if (pull != null) {
      return pull.isDone() ? after(pod, wanted, pull.join(), key, events) : new Pulling();
    }
    return begin(pod, wanted, name, key, events);
  }

  /// A container has taken its image: the next one looks for it anew.
  void taken(Pod pod, Wanted wanted) {
    pulls.computeIfPresent(
        key(pod, wanted.image()) + "|" + wanted.user(), (_, pull) -> pull.isDone() ? null : pull);
  }

  void forget(String uid) {
    pulls.keySet().removeIf(each -> each.startsWith(uid + "|"));
    backoffs.keySet().removeIf(each -> each.startsWith(uid + "|"));
    secrets.forget(uid);
  }

  private static String key(Pod pod, String image) {
    return pod.getMetadata().getUid() + "|" + image;
  }

  private Answer begin(Pod pod, Wanted wanted, Reference name, String key, Recorder events) {
    boolean never = wanted.policy().equals("Never");
    boolean here = !wanted.policy().equals("Always") && images.has(wanted.image());
    @Nullable Keyring keyring = null;
    if (here) {
      if (!images.isOpenTo(wanted.image(), Keyring.EMPTY)) {
        keyring = keyring(pod, events);
        here = keyring != null && images.isOpenTo(wanted.image(), keyring);
      }
      if (here) {
        events.record(
            "Normal",
            "Pulled",
            "Container image \"%s\" already present on machine and can be accessed by the pod"
                .formatted(wanted.image()));
        return new Ready();
      }
    }
    if (never) {
      String message =
          "Container image \"%s\" is not present with pull policy of Never"
              .formatted(wanted.image());
      events.record("Warning", "ErrImageNeverPull", message);
      return new Refused("ErrImageNeverPull", message, PullBackoff.MIN);
    }
    @Nullable PullBackoff backoff = backoffs.get(key(pod, wanted.image()));
    if (backoff != null && backoff.left(clock.instant()).isPositive()) {
      return wait(pod, wanted, backoff, events);
    }
    Keyring shown = keyring == null ? keyring(pod, events) : keyring;
    if (shown == null) {
      return new Refused(ERROR, "the pull secrets cannot be read", PullBackoff.MIN);
    }
    events.record("Normal", "Pulling", "Pulling image \"%s\"".formatted(wanted.image()));
    Instant begun = clock.instant();
    CompletableFuture<Outcome> pull =
        CompletableFuture.supplyAsync(() -> pull(name, shown, begun), executor)
            .exceptionally(e -> new Failed(String.valueOf(e.getCause())));
    pulls.put(key, pull);
    var unused = pull.thenRun(() -> look.accept(pod));
    return new Pulling();
  }

  private @Nullable Keyring keyring(Pod pod, Recorder events) {
    try {
      PullSecrets.Found found = secrets.of(pod);
      if (!found.missing().isEmpty()) {
        events.record(
            "Warning",
            "FailedToRetrieveImagePullSecret",
            "Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed."
                .formatted(String.join(", ", found.missing())));
      }
      return found.keyring();
    } catch (IOException e) {
      events.record("Warning", "Failed", String.valueOf(e.getMessage()));
      return null;
    }
  }

  private Outcome pull(Reference name, Keyring keyring, Instant begun) {
    try {
      Pulled pulled = images.pull(name, keyring);
      return new Done(pulled, Duration.between(begun, clock.instant()));
    } catch (ImageException e) {
      return new Failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      return new Failed(e.toString());
    }
  }

  private Answer wait(Pod pod, Wanted wanted, PullBackoff backoff, Recorder events) {
    String message = "Back-off pulling image \"%s\"".formatted(wanted.image());
    if (!backoff.told()) {
      events.record("Normal", "BackOff", message);
      backoffs.put(key(pod, wanted.image()), backoff.asTold());
    }
    return new Refused(
        "ImagePullBackOff",
        message + ": " + ERROR + ": " + backoff.message(),
        backoff.left(clock.instant()));
  }

  private Answer after(Pod pod, Wanted wanted, Outcome outcome, String key, Recorder events) {
    return switch (outcome) {
      case Done done -> {
        @Nullable CompletableFuture<Outcome> told =
            pulls.put(key, CompletableFuture.completedFuture(new Told()));
        if (told != null) {
          backoffs.remove(key(pod, wanted.image()));
          events.record("Normal", "Pulled", words(wanted, done));
        }
        yield new Ready();
      }
      case Told _ -> new Ready();
      case Failed failed -> {
        pulls.remove(key);
        Instant now = clock.instant();
        PullBackoff next =
            backoffs.compute(
                key(pod, wanted.image()),
                (_, before) ->
                    before == null
                        ? PullBackoff.first(now, failed.message())
                        : before.next(now, failed.message()));
        events.record(
            "Warning",
            "Failed",
            "Failed to pull image \"%s\": %s".formatted(wanted.image(), failed.message()));
        yield new Refused(ERROR, failed.message(), next.left(now));
      }
    };
  }

  /// The image is here, and that was told.
  private record Told() implements Outcome {}

  private static String words(Wanted wanted, Done done) {
    return "Successfully pulled image \"%s\" in %s (%s including waiting). Image size: %d bytes."
        .formatted(
            wanted.image(),
            shown(done.pulled().took()),
            shown(done.waited()),
            done.pulled().bytes());
  }

  /// As Go writes durations: `1m2.5s`, `345ms`.
  static String shown(Duration time) {
    long millis = Math.max(0, time.toMillis());
    if (millis < 1_000) {
      return millis == 0 ? "0s" : millis + "ms";
    }
    String seconds =
        BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
    long minutes = millis / 60_000;
    String hours = minutes < 60 ? "" : minutes / 60 + "h";
    return hours + (minutes == 0 ? "" : minutes % 60 + "m") + seconds;
  }
}
