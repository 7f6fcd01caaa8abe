// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.FeatureGates.Feature;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Fields of features that Kubernetes has, but does not turn on by default: nobody can set them,
/// and the answer shows that they were not taken. Some are there with a feature gate.
final class GatedFields {
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

  private static final String MAX_UNAVAILABLE = "spec.updateStrategy.rollingUpdate.maxUnavailable";

  private static final Map<String, List<String>> OF_KIND =
      Map.of(
          "CSIDriver", List.of("spec.preventPodSchedulingIfMissing"),
          "EndpointSlice", List.of("endpoints[].deprecatedTopology"),
          "Lease", List.of("spec.strategy", "spec.preferredHolder"),
          "Node", List.of("status.config"),
          "Pod", OF_POD_STATUS,
          "ResourceSlice", List.of("spec.devices[].nodeAllocatableResourceMappings"),
          "StatefulSet", List.of(MAX_UNAVAILABLE));

  /// By which feature a field is there.
  private static final Map<String, Feature> FEATURES =
      Map.of(MAX_UNAVAILABLE, Feature.MAX_UNAVAILABLE_STATEFUL_SET);

  private static final Map<String, List<Path>> PATHS = paths();

  /// Where a field stands, step by step.
  ///
  /// @param feature with which it is there, or null
  private record Path(List<String> steps, @Nullable Feature feature) {}

  private GatedFields() {}

  /// @param before what stood there; an empty object when there was nothing. What it has may stay.
  static void drop(Call call, ObjectNode before, ObjectNode after) {
    for (Path path : PATHS.getOrDefault(call.type().builtinKind(), List.of())) {
      boolean isOn = path.feature() != null && call.gates().has(path.feature());
      if (!isOn && !isThere(before, path.steps(), 0)) {
        remove(after, path.steps(), 0);
      }
    }
  }

  /// Fills in what such a field is when nobody says it, in place.
  static void fill(Call call, ObjectNode object) {
    boolean sets =
        call.type().builtinKind().equals("StatefulSet")
            && call.gates().has(Feature.MAX_UNAVAILABLE_STATEFUL_SET);
    JsonNode strategy =
        sets ? object.path("spec").path("updateStrategy") : MissingNode.getInstance();
    if (strategy.path("type").asText().equals("RollingUpdate")
        && strategy.get("rollingUpdate") instanceof ObjectNode rolling
        && !rolling.hasNonNull("maxUnavailable")) {
      rolling.put("maxUnavailable", 1);
    }
  }

  /// All paths of a kind, taken apart: every write of an object goes through them.
  private static Map<String, List<Path>> paths() {
    Map<String, List<Path>> all = new HashMap<>();
    OF_KIND.forEach((kind, paths) -> paths.forEach(path -> add(all, kind, path)));
    TEMPLATES.forEach((kind, at) -> OF_PODS.forEach(path -> add(all, kind, at + path)));
    return all;
  }

  private static void add(Map<String, List<Path>> all, String kind, String path) {
    all.computeIfAbsent(kind, _ -> new ArrayList<>())
        .add(new Path(List.of(path.split("\\.")), FEATURES.get(path)));
  }

  private static boolean isThere(JsonNode node, List<String> steps, int index) {
    if (index == steps.size()) {
      return !node.isMissingNode();
    }
    boolean list = steps.get(index).endsWith("[]");
    JsonNode next = node.path(list ? steps.get(index).replace("[]", "") : steps.get(index));
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

  private static void remove(JsonNode node, List<String> steps, int index) {
    String step = steps.get(index);
    if (step.endsWith("[]")) {
      node.path(step.substring(0, step.length() - 2))
          .forEach(each -> remove(each, steps, index + 1));
    } else if (node instanceof ObjectNode object && index == steps.size() - 1) {
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
