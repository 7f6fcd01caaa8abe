// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import dev.havn.node.kernel.ProcessBound;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tells of pods that would have more processes than they may, and of containers that flood their
/// log. A kubelet tells of neither: there a pod's own `fork` fails, and lines are missing.
///
/// What grew since the last look counts; what was there at the first one may be as old as the pods.
final class Excesses {
  /// As much as is kept of a log.
  private static final long FLOOD_BYTES = 50L << 20;

  private final ContainerRuntime runtime;
  private final Teller teller;
  private Map<String, Long> refused = new HashMap<>();
  private Map<String, Long> putAway = new HashMap<>();
  private boolean hasLooked;

  /// Who is told.
  @FunctionalInterface
  interface Teller {
    /// @param part of the pod, such as `spec.containers{web}`, or empty
    void warn(Pod pod, String part, String reason, String message);
  }

  Excesses(ContainerRuntime runtime, Teller teller) {
    this.runtime = runtime;
    this.teller = teller;
  }

  /// Looks at the pods of the node, one look at a time.
  void look(List<Pod> pods) {
    Map<String, Long> refusedNow = new HashMap<>();
    Map<String, Long> putAwayNow = new HashMap<>();
    for (Pod pod : pods) {
      String uid = pod.getMetadata().getUid();
      ProcessBound bound = runtime.processBound(uid);
      if (grewBy(refused, uid, bound.refused()) > 0) {
        teller.warn(pod, "", "ProcessLimitReached", words(bound));
      }
      refusedNow.put(uid, bound.refused());
      for (Container each : runtime.containers(uid)) {
        long bytes = each.running() ? runtime.logBytesPutAway(each.id()) : 0;
        if (grewBy(putAway, each.id(), bytes) >= FLOOD_BYTES) {
          teller.warn(
              pod,
              "spec.containers{" + each.name() + "}",
              "LogFlooded",
              "Container %s floods its log: of what it writes the last 50 MiB are kept"
                  .formatted(each.name()));
        }
        putAwayNow.put(each.id(), bytes);
      }
    }
    refused = refusedNow;
    putAway = putAwayNow;
    hasLooked = true;
  }

  private long grewBy(Map<String, Long> before, String key, long now) {
    @Nullable Long known = before.get(key);
    if (known == null) {
      return hasLooked ? now : 0;
    }
    // What began anew counts from zero.
    return now < known ? now : now - known;
  }

  private static String words(ProcessBound bound) {
    return bound.max() < 0
        ? "The kernel has refused the pod more processes and threads"
        : "The pod has as many processes and threads as it may have, %d (podPidsLimit): the kernel refuses it more"
            .formatted(bound.max());
  }
}
