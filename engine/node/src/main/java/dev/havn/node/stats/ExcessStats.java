// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;

/// What pods were kept from: processes beyond their bound, and logs beyond theirs. No kubelet
/// counts either.
final class ExcessStats {
  private static final String REFUSED = "havn_pod_processes_refused_total";
  private static final String PUT_AWAY = "havn_container_log_put_away_bytes_total";

  private ExcessStats() {}

  static void announce(MetricLines lines) {
    lines
        .metric(REFUSED, "counter", "Processes and threads that the kernel refused a pod.")
        .metric(
            PUT_AWAY,
            "counter",
            "Bytes taken out of the log of a running container because it had grown too large.");
  }

  static void add(MetricLines lines, JsonNode pod, ContainerRuntime runtime) {
    String uid = StaticPods.uid(pod);
    long refused = runtime.processBound(uid).refused();
    if (refused > 0) {
      lines.add(REFUSED, refused, "namespace", namespace(pod), "pod", name(pod));
    }
    for (Container each : runtime.containers(uid)) {
      long bytes = runtime.logBytesPutAway(each.id());
      if (each.running() && bytes > 0) {
        lines.add(
            PUT_AWAY,
            bytes,
            "container",
            each.name(),
            "namespace",
            namespace(pod),
            "pod",
            name(pod));
      }
    }
  }

  private static String namespace(JsonNode pod) {
    return pod.path("metadata").path("namespace").asText();
  }

  private static String name(JsonNode pod) {
    return pod.path("metadata").path("name").asText();
  }
}
