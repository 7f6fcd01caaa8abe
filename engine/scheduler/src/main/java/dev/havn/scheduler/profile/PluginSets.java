// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which plugins a profile runs at which point: Kubernetes' own, less what is disabled, plus what
/// is enabled, for all points (`multiPoint`) or one.
final class PluginSets {
  /// In the order in which they run, with their weights.
  private static final Map<String, Integer> STANDARD = standard();

  /// Known, and either part of every profile or nothing that Havn has to do anything for.
  private static final Set<String> SILENT =
      Set.of("SchedulingGates", "PrioritySort", "DefaultBinder", "GangScheduling");

  static final String PREEMPTION = "DefaultPreemption";
  private static final String DEVICES = "DynamicResources";

  /// What does nothing but score, and what does nothing but filter.
  private static final Set<String> SCORES_ONLY =
      Set.of("NodeResourcesBalancedAllocation", "ImageLocality");

  private static final Set<String> FILTERS_ONLY =
      Set.of(
          "NodeUnschedulable",
          "NodeName",
          "NodePorts",
          "VolumeRestrictions",
          "NodeVolumeLimits",
          "VolumeZone",
          "NodeDeclaredFeatures");

  /// Of other points nobody here knows: what a plugin does there is part of what it does at these.
  static final Set<String> FOLLOWED = Set.of("multiPoint", "filter", "score", "postFilter");

  static final List<String> POINTS =
      List.of(
          "preEnqueue",
          "queueSort",
          "preFilter",
          "filter",
          "postFilter",
          "preScore",
          "score",
          "reserve",
          "permit",
          "preBind",
          "bind",
          "postBind",
          "multiPoint");

  private final JsonNode plugins;
  private final Map<String, Integer> everywhere;

  private static Map<String, Integer> standard() {
    Map<String, Integer> all = new LinkedHashMap<>();
    for (String name :
        List.of(
            "NodeUnschedulable",
            "NodeName",
            "TaintToleration",
            "NodeAffinity",
            "NodePorts",
            "NodeResourcesFit",
            "VolumeRestrictions",
            "NodeVolumeLimits",
            "VolumeBinding",
            "VolumeZone",
            "PodTopologySpread",
            "InterPodAffinity",
            "DynamicResources",
            PREEMPTION,
            "NodeResourcesBalancedAllocation",
            "ImageLocality",
            "NodeDeclaredFeatures")) {
      all.put(name, 1);
    }
    all.put("TaintToleration", 3);
    all.put("NodeAffinity", 2);
    all.put("PodTopologySpread", 2);
    all.put("InterPodAffinity", 2);
    return all;
  }

  /// @param plugins of a profile; missing for Kubernetes' own
  /// @throws IllegalArgumentException names what does not exist
  PluginSets(@Nullable JsonNode plugins) {
    this.plugins = plugins == null ? MissingNode.getInstance() : plugins;
    this.plugins
        .fieldNames()
        .forEachRemaining(
            point -> {
              if (!POINTS.contains(point)) {
                throw new IllegalArgumentException("plugins: unknown field \"" + point + "\"");
              }
              this.plugins.path(point).path("enabled").forEach(each -> check(point, each));
            });
    this.everywhere = merged(STANDARD, this.plugins.path("multiPoint"));
  }

  private static void check(String point, JsonNode enabled) {
    String name = enabled.path("name").asText("");
    if (!exists(name)) {
      throw new IllegalArgumentException("plugin \"" + name + "\" does not exist");
    }
    boolean fits =
        switch (point) {
          case "filter" -> !name.equals(PREEMPTION) && !SCORES_ONLY.contains(name);
          case "score" -> !name.equals(PREEMPTION) && !FILTERS_ONLY.contains(name);
          case "postFilter" -> name.equals(PREEMPTION) || name.equals(DEVICES);
          default -> true;
        };
    boolean isElsewhere = FOLLOWED.contains(point) && SILENT.contains(name);
    if (!fits || (isElsewhere && !point.equals("multiPoint"))) {
      throw new IllegalArgumentException(
          "plugin \"%s\" does not extend %sPlugin plugin"
              .formatted(
                  name, point.substring(0, 1).toUpperCase(Locale.ROOT) + point.substring(1)));
    }
  }

  static boolean exists(String plugin) {
    return STANDARD.containsKey(plugin) || SILENT.contains(plugin);
  }

  /// The plugins of a point with their weights, in order.
  Map<String, Integer> at(String point) {
    return merged(everywhere, plugins.path(point));
  }

  private static Map<String, Integer> merged(Map<String, Integer> base, JsonNode set) {
    Set<String> disabled = new HashSet<>();
    set.path("disabled").forEach(each -> disabled.add(each.path("name").asText("")));
    Map<String, Integer> enabled = new LinkedHashMap<>();
    set.path("enabled")
        .forEach(each -> enabled.put(each.path("name").asText(""), each.path("weight").asInt(0)));
    Map<String, Integer> all = new LinkedHashMap<>();
    List<String> kept = new ArrayList<>();
    base.forEach(
        (name, weight) -> {
          if (!disabled.contains("*") && !disabled.contains(name)) {
            kept.add(name);
            all.put(name, weight);
          }
        });
    enabled.forEach(
        (name, weight) -> {
          int known = base.getOrDefault(name, STANDARD.getOrDefault(name, 1));
          all.put(name, weight == 0 ? (kept.contains(name) ? known : 1) : weight);
        });
    return all;
  }
}
