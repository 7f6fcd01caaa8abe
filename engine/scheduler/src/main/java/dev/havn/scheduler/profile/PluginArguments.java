// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.havn.scheduler.plugin.PodTopologySpread;
import dev.havn.scheduler.plugin.ResourceScoring;
import dev.havn.scheduler.plugin.ResourceScoring.Point;
import dev.havn.scheduler.plugin.ResourceScoring.Type;
import dev.havn.scheduler.plugin.ResourceScoring.Weight;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `pluginConfig` of a profile says, checked as kube-scheduler checks it.
final class PluginArguments {
  private static final int SHAPE_SCORE_MAX = 10;
  private static final int PERCENT_MAX = 100;

  private final Map<String, JsonNode> byPlugin = new HashMap<>();

  PluginArguments(JsonNode pluginConfig) {
    for (JsonNode each : pluginConfig) {
      String name = each.path("name").asText("");
      if (byPlugin.put(name, each.path("args")) != null) {
        throw new IllegalArgumentException("repeated config for plugin " + name);
      }
    }
  }

  private JsonNode of(String plugin) {
    return byPlugin.getOrDefault(plugin, MissingNode.getInstance());
  }

  private static int number(JsonNode args, String field, int otherwise, int least, int most) {
    int number = args.path(field).asInt(otherwise);
    if (number < least || number > most) {
      throw new IllegalArgumentException(
          "%s: Invalid value: %d: not in valid range [%d, %s]"
              .formatted(field, number, least, most == Integer.MAX_VALUE ? "inf)" : most));
    }
    return number;
  }

  int preemptionPercent() {
    return number(of("DefaultPreemption"), "minCandidateNodesPercentage", 10, 0, PERCENT_MAX);
  }

  int preemptionAbsolute() {
    int absolute =
        number(of("DefaultPreemption"), "minCandidateNodesAbsolute", 100, 0, Integer.MAX_VALUE);
    if (absolute == 0 && preemptionPercent() == 0) {
      throw new IllegalArgumentException(
          "minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as"
              + " minCandidateNodesAbsolute");
    }
    return absolute;
  }

  int requiredAffinityWeight() {
    return number(of("InterPodAffinity"), "hardPodAffinityWeight", 1, 0, PERCENT_MAX);
  }

  boolean ignoresPreferencesOfOthers() {
    return of("InterPodAffinity").path("ignorePreferredTermsOfExistingPods").asBoolean(false);
  }

  int volumeSeconds() {
    return number(of("VolumeBinding"), "bindTimeoutSeconds", 600, 0, Integer.MAX_VALUE);
  }

  /// @throws IllegalArgumentException for what is no duration or too short a one
  Duration devicesWithin() {
    String text = of("DynamicResources").path("bindingTimeout").asText("600s");
    try {
      Duration within = Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
      if (within.compareTo(Duration.ofSeconds(1)) < 0) {
        throw new IllegalArgumentException(
            "bindingTimeout: Invalid value: \"%s\": must be at least 1 second".formatted(text));
      }
      return within;
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "bindingTimeout: Invalid value: \"%s\": expected hours, minutes and seconds such as 10m or 1m30s"
              .formatted(text),
          e);
    }
  }

  @Nullable NodeAffinity addedAffinity() {
    JsonNode added = of("NodeAffinity").path("addedAffinity");
    return added.isObject()
        ? new KubernetesSerialization().unmarshal(added.toString(), NodeAffinity.class)
        : null;
  }

  boolean hasSystemDefaults() {
    String type = of("PodTopologySpread").path("defaultingType").asText("System");
    boolean list = of("PodTopologySpread").path("defaultConstraints").size() > 0;
    if (type.equals("System") && list) {
      throw new IllegalArgumentException(
          "defaultingType: Invalid value: \"System\": when .defaultConstraints are not empty");
    }
    if (!type.equals("System") && !type.equals("List")) {
      throw new IllegalArgumentException(
          "defaultingType: Unsupported value: \"%s\": supported values: \"List\", \"System\""
              .formatted(type));
    }
    return type.equals("System");
  }

  List<TopologySpreadConstraint> defaultConstraints() {
    if (hasSystemDefaults()) {
      return PodTopologySpread.SYSTEM_DEFAULTS;
    }
    KubernetesSerialization models = new KubernetesSerialization();
    List<TopologySpreadConstraint> constraints = new ArrayList<>();
    for (JsonNode each : of("PodTopologySpread").path("defaultConstraints")) {
      number(each, "maxSkew", 0, 1, Integer.MAX_VALUE);
      if (each.has("labelSelector")) {
        throw new IllegalArgumentException(
            "labelSelector: Forbidden: constraint must not define a selector, as they deduced for"
                + " each pod");
      }
      constraints.add(models.unmarshal(each.toString(), TopologySpreadConstraint.class));
    }
    return constraints;
  }

  Set<String> ignoredResources() {
    return texts(of("NodeResourcesFit").path("ignoredResources"));
  }

  Set<String> ignoredResourceGroups() {
    return texts(of("NodeResourcesFit").path("ignoredResourceGroups"));
  }

  private static Set<String> texts(JsonNode list) {
    Set<String> texts = new HashSet<>();
    list.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  List<String> balancedResources() {
    JsonNode resources = of("NodeResourcesBalancedAllocation").path("resources");
    List<Weight> all = weights(resources, 1);
    return all.stream().map(Weight::resource).toList();
  }

  ResourceScoring scoring() {
    JsonNode strategy = of("NodeResourcesFit").path("scoringStrategy");
    if (!strategy.isObject()) {
      return ResourceScoring.STANDARD;
    }
    Type type =
        switch (strategy.path("type").asText("LeastAllocated")) {
          case "LeastAllocated" -> Type.LEAST_ALLOCATED;
          case "MostAllocated" -> Type.MOST_ALLOCATED;
          case "RequestedToCapacityRatio" -> Type.REQUESTED_TO_CAPACITY_RATIO;
          default ->
              throw new IllegalArgumentException(
                  "scoringStrategy.type: Unsupported value: \"%s\": supported values: %s"
                      .formatted(
                          strategy.path("type").asText(),
                          "\"LeastAllocated\", \"MostAllocated\","
                              + " \"RequestedToCapacityRatio\""));
        };
    JsonNode shape = strategy.path("requestedToCapacityRatio").path("shape");
    return new ResourceScoring(
        type,
        weights(strategy.path("resources"), PERCENT_MAX),
        type == Type.REQUESTED_TO_CAPACITY_RATIO ? points(shape) : List.of());
  }

  private static List<Weight> weights(JsonNode resources, int most) {
    if (resources.isEmpty()) {
      return ResourceScoring.CPU_AND_MEMORY;
    }
    List<Weight> weights = new ArrayList<>();
    for (JsonNode each : resources) {
      weights.add(new Weight(each.path("name").asText(), number(each, "weight", 1, 1, most)));
    }
    return weights;
  }

  private static List<Point> points(JsonNode shape) {
    if (shape.isEmpty()) {
      throw new IllegalArgumentException(
          "shape: Required value: at least one point must be specified");
    }
    List<Point> points = new ArrayList<>();
    for (JsonNode each : shape) {
      int utilization = number(each, "utilization", 0, 0, PERCENT_MAX);
      if (!points.isEmpty() && points.getLast().utilization() >= utilization) {
        throw new IllegalArgumentException(
            "utilization: Invalid value: %d: values must be sorted in increasing order"
                .formatted(utilization));
      }
      long score = number(each, "score", 0, 0, SHAPE_SCORE_MAX);
      points.add(new Point(utilization, score * PERCENT_MAX / SHAPE_SCORE_MAX));
    }
    return points;
  }
}
