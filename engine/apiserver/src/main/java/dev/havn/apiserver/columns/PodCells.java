// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What `kubectl get pods` shows of a pod.
final class PodCells {
  private PodCells() {}

  /// Sidecars count like containers.
  static String ready(JsonNode pod) {
    int ready = 0;
    int total = pod.at("/spec/containers").size();
    for (JsonNode status : pod.at("/status/containerStatuses")) {
      ready += isReady(status) ? 1 : 0;
    }
    for (int i = 0; i < pod.at("/spec/initContainers").size(); i++) {
      if (isSidecar(pod, i)) {
        total++;
        ready += isReady(pod.at("/status/initContainerStatuses/" + i)) ? 1 : 0;
      }
    }
    return ready + "/" + total;
  }

  private static boolean isReady(JsonNode status) {
    return status.path("ready").asBoolean() && status.path("state").has("running");
  }

  private static boolean isSidecar(JsonNode pod, int index) {
    return pod.at("/spec/initContainers/" + index + "/restartPolicy").asText().equals("Always");
  }

  /// How many readiness gates are open, of how many.
  static String gates(JsonNode pod) {
    JsonNode gates = pod.at("/spec/readinessGates");
    int open = 0;
    for (JsonNode gate : gates) {
      open += Cells.condition(pod, gate.path("conditionType").asText()).equals("True") ? 1 : 0;
    }
    return gates.isEmpty() ? Cells.NONE : open + "/" + gates.size();
  }

  /// Init containers count while they run; afterwards sidecars only.
  static String restarts(JsonNode pod, Instant now) {
    boolean initializing = !initReason(pod).isEmpty();
    List<JsonNode> counted = new ArrayList<>();
    JsonNode inits = pod.at("/status/initContainerStatuses");
    for (int i = 0; i < inits.size(); i++) {
      if (initializing || isSidecar(pod, i)) {
        counted.add(inits.get(i));
      }
    }
    if (!initializing) {
      pod.at("/status/containerStatuses").forEach(counted::add);
    }
    long restarts = 0;
    String last = "";
    for (JsonNode status : counted) {
      restarts += status.path("restartCount").asLong();
      String finished = status.at("/lastState/terminated/finishedAt").asText("");
      last = finished.compareTo(last) > 0 ? finished : last;
    }
    return restarts > 0 && !last.isEmpty()
        ? restarts + " (" + Age.of(Duration.between(Instant.parse(last), now)) + " ago)"
        : String.valueOf(restarts);
  }

  /// The one word that says how the pod is.
  static String reason(JsonNode pod) {
    String reason = pod.at("/status/reason").asText(pod.at("/status/phase").asText(""));
    for (JsonNode condition : pod.at("/status/conditions")) {
      if (condition.path("type").asText().equals("PodScheduled")
          && condition.path("reason").asText().equals("SchedulingGated")) {
        reason = "SchedulingGated";
      }
    }
    String init = initReason(pod);
    if (!init.isEmpty()) {
      reason = init;
    } else {
      reason = containerReason(pod, reason);
    }
    if (!pod.at("/metadata/deletionTimestamp").isMissingNode()) {
      return pod.at("/status/reason").asText().equals("NodeLost") ? "Unknown" : "Terminating";
    }
    return reason;
  }

  private static String initReason(JsonNode pod) {
    int index = 0;
    int total = pod.at("/spec/initContainers").size();
    for (JsonNode status : pod.at("/status/initContainerStatuses")) {
      JsonNode terminated = status.at("/state/terminated");
      boolean sidecar = isSidecar(pod, index);
      boolean done =
          (!terminated.isMissingNode() && terminated.path("exitCode").asInt() == 0)
              || (sidecar && status.path("started").asBoolean());
      if (!done) {
        if (!terminated.isMissingNode()) {
          return "Init:" + ended(terminated);
        }
        String waiting = status.at("/state/waiting/reason").asText("");
        return waiting.isEmpty() || waiting.equals("PodInitializing")
            ? "Init:" + index + "/" + total
            : "Init:" + waiting;
      }
      index++;
    }
    return "";
  }

  private static String containerReason(JsonNode pod, String phase) {
    String reason = phase;
    boolean running = false;
    JsonNode statuses = pod.at("/status/containerStatuses");
    for (int i = statuses.size() - 1; i >= 0; i--) {
      JsonNode status = statuses.get(i);
      String waiting = status.at("/state/waiting/reason").asText("");
      JsonNode terminated = status.at("/state/terminated");
      if (!waiting.isEmpty()) {
        reason = waiting;
      } else if (!terminated.isMissingNode()) {
        reason = ended(terminated);
      } else if (status.path("ready").asBoolean() && status.path("state").has("running")) {
        running = true;
      }
    }
    return reason.equals("Completed") && running ? "Running" : reason;
  }

  private static String ended(JsonNode terminated) {
    String reason = terminated.path("reason").asText("");
    if (!reason.isEmpty()) {
      return reason;
    }
    int signal = terminated.path("signal").asInt();
    return signal != 0 ? "Signal:" + signal : "ExitCode:" + terminated.path("exitCode").asInt();
  }
}
