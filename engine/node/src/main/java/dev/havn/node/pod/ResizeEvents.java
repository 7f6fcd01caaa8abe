// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The events of resizes. They say what the containers are to have, as JSON in a kubelet's order.
final class ResizeEvents {
  private final Teller teller;

  /// Records an event.
  interface Teller {
    void tell(Pod about, String type, String reason, String message);
  }

  ResizeEvents(Teller teller) {
    this.teller = teller;
  }

  /// There is room for what a pod asks for.
  void started(Pod pod, long generation) {
    String words = words("Pod resize started", pod, generation, "");
    teller.tell(pod, "Normal", "ResizeStarted", words);
  }

  /// There is none.
  ///
  /// @param why in a kubelet's word for its admission, such as `OutOfcpu`
  void deferred(Pod pod, long generation, String why, String message) {
    String words = words("Pod resize " + why, pod, generation, message);
    teller.tell(pod, "Warning", "ResizeDeferred", words);
  }

  void completed(Pod pod, long generation) {
    String words = words("Pod resize completed", pod, generation, "");
    teller.tell(pod, "Normal", "ResizeCompleted", words);
  }

  void failed(Pod pod, long generation, String message) {
    String words = words("Pod resize error", pod, generation, message);
    teller.tell(pod, "Warning", "ResizeError", words);
  }

  /// @param generation of the pod that asked so
  /// @param problem why it does not work, or empty
  private static String words(String begin, Pod pod, long generation, String problem) {
    ObjectNode summary = Api.object();
    containers(summary, "initContainers", pod.getSpec().getInitContainers());
    containers(summary, "containers", pod.getSpec().getContainers());
    summary.put("generation", generation);
    if (!problem.isEmpty()) {
      summary.put("error", problem);
    }
    return begin + ": " + summary;
  }

  private static void containers(ObjectNode summary, String list, List<Container> containers) {
    if (containers.isEmpty()) {
      return;
    }
    ArrayNode shown = summary.putArray(list);
    for (Container each : containers) {
      @Nullable ResourceRequirements has = each.getResources();
      ObjectNode resources = shown.addObject().put("name", each.getName()).putObject("resources");
      if (has != null) {
        amounts(resources, "limits", has.getLimits());
        amounts(resources, "requests", has.getRequests());
      }
    }
  }

  private static void amounts(
      ObjectNode resources, String part, @Nullable Map<String, Quantity> amounts) {
    if (amounts != null && !amounts.isEmpty()) {
      ObjectNode shown = resources.putObject(part);
      new TreeMap<>(amounts).forEach((name, amount) -> shown.put(name, amount.toString()));
    }
  }
}
