// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Fields of features that Kubernetes has, but does not turn on by default: nobody can set them,
/// and the answer shows that they were not taken.
final class DisabledFields {
  /// In pods and their templates, below `spec`. What holds nothing else goes with them.
  private static final List<String> OF_PODS =
      List.of(
          "volumes[].projected.sources[].clusterTrustBundle",
          "volumes[].projected.sources[].podCertificate",
          "schedulingGroup",
          "containers[].lifecycle.stopSignal",
          "initContainers[].lifecycle.stopSignal",
          "ephemeralContainers[].lifecycle.stopSignal");

  private static final List<String> OF_POD_STATUS =
      List.of(
          "status.nodeAllocatableResourceClaimStatuses",
          "status.containerStatuses[].volumeMounts[].volumeStatus",
          "status.initContainerStatuses[].volumeMounts[].volumeStatus",
          "status.ephemeralContainerStatuses[].volumeMounts[].volumeStatus");

  private static final Map<String, String> TEMPLATES =
      Map.of(
          "CronJob", "spec.jobTemplate.spec.template.spec.",
          "DaemonSet", "spec.template.spec.",
          "Deployment", "spec.template.spec.",
          "Job", "spec.template.spec.",
          "Pod", "spec.",
          "PodTemplate", "template.spec.",
          "ReplicaSet", "spec.template.spec.",
          "ReplicationController", "spec.template.spec.",
          "StatefulSet", "spec.template.spec.");

  /// A struct that is there for one of these fields only.
  private static final List<String> HOLDERS = List.of("lifecycle");

  private static final Map<String, List<String>> OF_KIND =
      Map.of(
          "CSIDriver", List.of("spec.preventPodSchedulingIfMissing"),
          "EndpointSlice", List.of("endpoints[].deprecatedTopology"),
          "Lease", List.of("spec.strategy", "spec.preferredHolder"),
          "Node", List.of("status.config"),
          "Pod", OF_POD_STATUS,
          "ResourceSlice", List.of("spec.devices[].nodeAllocatableResourceMappings"),
          "StatefulSet", List.of("spec.updateStrategy.rollingUpdate.maxUnavailable"));

  private static final Map<String, List<String[]>> STEPS = steps();

  private DisabledFields() {}

  /// @param before what stood there; an empty object when there was nothing. What it has may stay.
  static void drop(ResourceType type, ObjectNode before, ObjectNode after) {
    for (String[] steps : STEPS.getOrDefault(type.builtinKind(), List.of())) {
      if (!isThere(before, steps, 0)) {
        remove(after, steps, 0);
      }
    }
  }

  /// All paths of a kind, taken apart: every write of an object goes through them.
  private static Map<String, List<String[]>> steps() {
    Map<String, List<String[]>> steps = new HashMap<>();
    OF_KIND.forEach((kind, paths) -> paths.forEach(path -> add(steps, kind, path)));
    TEMPLATES.forEach((kind, at) -> OF_PODS.forEach(path -> add(steps, kind, at + path)));
    return steps;
  }

  private static void add(Map<String, List<String[]>> steps, String kind, String path) {
    steps.computeIfAbsent(kind, _ -> new ArrayList<>()).add(path.split("\\."));
  }

  private static boolean isThere(JsonNode node, String[] steps, int index) {
    if (index == steps.length) {
      return !node.isMissingNode();
    }
    boolean list = steps[index].endsWith("[]");
    JsonNode next = node.path(list ? steps[index].replace("[]", "") : steps[index]);
    if (!list) {
      return isThere(next, steps, index + 1);
    }
    for (JsonNode each : next) {
      if (isThere(each, steps, index + 1)) {
        return true;
      }
    }
    return false;
  }

  private static void remove(JsonNode node, String[] steps, int index) {
    String step = steps[index];
    if (step.endsWith("[]")) {
      node.path(step.substring(0, step.length() - 2))
          .forEach(each -> remove(each, steps, index + 1));
    } else if (node instanceof ObjectNode object && index == steps.length - 1) {
      object.remove(step);
    } else if (node.get(step) instanceof ObjectNode next) {
      boolean was = !next.isEmpty();
      remove(next, steps, index + 1);
      if (was && next.isEmpty() && HOLDERS.contains(step)) {
        ((ObjectNode) node).remove(step);
      }
    }
  }
}
