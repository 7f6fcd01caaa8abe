// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Empties volumes by pods that mount them.
final class Recycler {
  private static final String PREFIX = "recycler-for-";
  private static final String NAMESPACE = "default";
  private static final String IMAGE = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6";
  private static final String EMPTY_IT =
      "test -e /scrub && find /scrub -mindepth 1 -delete && test -z \"$(ls -A /scrub)\" || exit 1";
  private static final Duration HOST_PATH_MIN = Duration.ofSeconds(60);
  private static final Duration NFS_MIN = Duration.ofSeconds(300);
  private static final Duration PER_GIBIBYTE = Duration.ofSeconds(30);
  private static final BigDecimal GIBIBYTE = BigDecimal.valueOf(1L << 30);

  /// A pod that failed is not tried again before.
  private static final Duration AFTER_FAILURE = Duration.ofMinutes(5);

  /// Until a pod of the same name that is not ours is gone, or seen.
  private static final Duration AFTER_ANOTHER = Duration.ofSeconds(1);

  private final Informer<Pod> pods;
  private final Api api;
  private final InstantSource clock;

  /// By their names the uids of the pods that empty a volume now; nobody else's word counts.
  private final Map<String, String> begun = new ConcurrentHashMap<>();

  /// What follows.
  ///
  /// @param again when to look again without being told
  record State(List<Step> steps, @Nullable Duration again) {
    static final State UNDER_WAY = new State(List.of(), null);
  }

  Recycler(Informer<Pod> pods, Api api, InstantSource clock) {
    this.pods = pods;
    this.api = api;
    this.clock = clock;
  }

  static @Nullable Key volumeOf(Pod pod) {
    String name = pod.getMetadata().getName();
    return NAMESPACE.equals(pod.getMetadata().getNamespace()) && name.startsWith(PREFIX)
        ? new Key("", name.substring(PREFIX.length()))
        : null;
  }

  State recycle(PersistentVolume volume) {
    String name = PREFIX + volume.getMetadata().getName();
    @Nullable Pod pod = pods.get(NAMESPACE, name);
    if (pod == null) {
      return begin(volume, name);
    }
    String path = Api.path(Pod.class, NAMESPACE, name);
    if (!pod.getMetadata().getUid().equals(begun.get(name))) {
      // Somebody else's, or one of an earlier life: what it ended with says nothing of this volume.
      if (pod.getMetadata().getDeletionTimestamp() == null) {
        api.delete(path, Api.object());
      }
      return new State(List.of(), AFTER_ANOTHER);
    }
    return switch (Binding.or(pod.getStatus().getPhase())) {
      case "Succeeded" -> {
        begun.remove(name);
        api.delete(path, Api.object());
        yield new State(
            List.of(
                new Step.VolumeEvent(ClaimPlan.NORMAL, "VolumeRecycled", "Volume recycled"),
                new Step.Unbind()),
            null);
      }
      case "Failed" -> {
        begun.remove(name);
        api.delete(path, Api.object());
        @Nullable String why = pod.getStatus().getMessage();
        String message =
            "Recycle failed: "
                + (Binding.isEmpty(why) ? "pod failed, pod.Status.Message unknown" : why);
        yield new State(
            Binding.phase(volume).equals("Failed")
                ? List.of()
                : List.of(
                    new Step.VolumePhase("Failed", message),
                    new Step.VolumeEvent(ClaimPlan.WARNING, "VolumeFailedRecycle", message)),
            AFTER_FAILURE);
      }
      default -> State.UNDER_WAY;
    };
  }

  private State begin(PersistentVolume volume, String name) {
    @Nullable String since = volume.getStatus().getLastPhaseTransitionTime();
    if (Binding.phase(volume).equals("Failed") && since != null) {
      Duration left = Duration.between(clock.instant(), Instant.parse(since).plus(AFTER_FAILURE));
      if (left.isPositive()) {
        return new State(List.of(), left);
      }
    }
    try {
      JsonNode made = api.create(Api.path(Pod.class, NAMESPACE, ""), pod(volume, name).toString());
      begun.put(name, made.path("metadata").path("uid").asText());
      return State.UNDER_WAY;
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
      return new State(List.of(), AFTER_ANOTHER);
    }
  }

  private ObjectNode pod(PersistentVolume volume, String name) {
    ObjectNode pod = Api.object().put("kind", "Pod").put("apiVersion", "v1");
    pod.putObject("metadata").put("name", name).put("namespace", NAMESPACE);
    ObjectNode spec = pod.putObject("spec").put("restartPolicy", "Never");
    spec.put("activeDeadlineSeconds", seconds(volume));
    ObjectNode mounted = spec.putArray("volumes").addObject().put("name", "vol");
    if (volume.getSpec().getHostPath() != null) {
      mounted.putObject("hostPath").put("path", volume.getSpec().getHostPath().getPath());
    } else {
      mounted.set("nfs", api.toTree(volume.getSpec().getNfs()));
    }
    ObjectNode container = spec.putArray("containers").addObject();
    container.put("name", "pv-recycler").put("image", IMAGE);
    container.putArray("command").add("/bin/sh");
    container.putArray("args").add("-c").add(EMPTY_IT);
    container.putArray("volumeMounts").addObject().put("name", "vol").put("mountPath", "/scrub");
    return pod;
  }

  private static long seconds(PersistentVolume volume) {
    long gibibytes = Binding.size(volume).divide(GIBIBYTE, RoundingMode.DOWN).longValue();
    Duration least = volume.getSpec().getHostPath() == null ? NFS_MIN : HOST_PATH_MIN;
    return Math.max(least.toSeconds(), PER_GIBIBYTE.toSeconds() * gibibytes);
  }
}
