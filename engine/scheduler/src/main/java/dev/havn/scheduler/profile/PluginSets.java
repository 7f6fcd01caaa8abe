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

  /// Known, and nothing that Havn has to do anything for.
  private static final Set<String> SILENT = Set.of("GangScheduling");

  /// Pods with gates are left alone in any case.
  static final String GATES = "SchedulingGates";

  private static final String SORT = "PrioritySort";
  private static final String BINDER = "DefaultBinder";

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

  /// What neither filters nor scores.
  private static final Set<String> ELSEWHERE =
      Set.of(PREEMPTION, GATES, SORT, BINDER, "GangScheduling");

  /// Of other points nobody here knows: what a plugin does there is part of what it does at these.
  static final Set<String> FOLLOWED =
      Set.of("multiPoint", "filter", "score", "postFilter", "queueSort", "bind");

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
            GATES,
            SORT,
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
            DEVICES,
            PREEMPTION,
            "NodeResourcesBalancedAllocation",
            "ImageLocality",
            BINDER,
            "NodeDeclaredFeatures")) {
      all.put(name, 1);
    }
    all.put("TaintToleration", 3);
    all.put("NodeAffinity", 2);
    all.put("PodTopologySpread", 2);
    all.put("InterPodAffinity", 2);
    all.put(DEVICES, 2);
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
          case "filter" -> !ELSEWHERE.contains(name) && !SCORES_ONLY.contains(name);
          case "score" -> !ELSEWHERE.contains(name) && !FILTERS_ONLY.contains(name);
          case "postFilter" -> name.equals(PREEMPTION) || name.equals(DEVICES);
          case "queueSort" -> name.equals(SORT);
          case "bind" -> name.equals(BINDER);
          default -> true;
        };
    if (!fits) {
      throw new IllegalArgumentException(
          "plugin \"%s\" does not extend %sPlugin plugin"
              .formatted(
                  name, point.substring(0, 1).toUpperCase(Locale.ROOT) + point.substring(1)));
    }
  }

  static boolean exists(String plugin) {
    return STANDARD.containsKey(plugin) || SILENT.contains(plugin);
  }

  /// Without an order of the queue or a binder there is no scheduler.
  ///
  /// @param scheduler the profile's name
  /// @throws IllegalArgumentException says which of them is missing
  void require(String scheduler) {
    if (!at("queueSort").containsKey(SORT)) {
      throw new IllegalArgumentException(
          "only one queue sort plugin required for profile with scheduler name \"%s\", but got 0: enable %s"
              .formatted(scheduler, SORT));
    }
    if (!at("bind").containsKey(BINDER)) {
      throw new IllegalArgumentException(
          "at least one bind plugin is needed for profile with scheduler name \"%s\": enable %s"
              .formatted(scheduler, BINDER));
    }
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
