// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a file may say and nobody here follows: each such field is named, with the reason. What
/// would be wrong for kube-scheduler, too, is refused.
final class Unfollowed {
  private static final Set<String> SET_FIELDS = Set.of("enabled", "disabled");
  private static final Set<String> CONNECTION_FIELDS =
      Set.of("kubeconfig", "acceptContentTypes", "contentType", "qps", "burst");

  /// The arguments that are known of each plugin.
  private static final Map<String, Set<String>> ARGUMENTS =
      Map.of(
          "DefaultPreemption", Set.of("minCandidateNodesPercentage", "minCandidateNodesAbsolute"),
          "InterPodAffinity", Set.of("hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"),
          "NodeResourcesFit",
              Set.of("ignoredResources", "ignoredResourceGroups", "scoringStrategy"),
          "PodTopologySpread", Set.of("defaultConstraints", "defaultingType"),
          "NodeResourcesBalancedAllocation", Set.of("resources"),
          "VolumeBinding", Set.of("bindTimeoutSeconds"),
          "NodeAffinity", Set.of("addedAffinity"),
          "DynamicResources", Set.of("filterTimeout", "bindingTimeout"));

  private final List<String> warnings = new ArrayList<>();
  private final String kubeconfig;

  Unfollowed(Section file) {
    long parallel = file.number("parallelism", 1);
    if (parallel <= 0) {
      throw new IllegalArgumentException(
          "parallelism: Invalid value: %d: should be an integer value greater than zero"
              .formatted(parallel));
    }
    warn(
        file.has("parallelism"),
        "parallelism",
        "pods are decided one after another, on one thread");
    for (String each : List.of("enableProfiling", "enableContentionProfiling")) {
      warn(file.flag(each, false), each, "there are no pages of a profiler");
    }
    warn(
        file.flag("delayCacheUntilActive", false),
        "delayCacheUntilActive",
        "a scheduler that does not lead keeps its caches up to date, to take over at once");
    Section connection = file.part("clientConnection", CONNECTION_FIELDS);
    kubeconfig = connection.text("kubeconfig");
    for (String each : List.of("acceptContentTypes", "contentType")) {
      warn(connection.has(each), connection.at(each), "the API is spoken to in JSON");
    }
    for (String each : List.of("qps", "burst")) {
      warn(connection.has(each), connection.at(each), "requests are not held back");
    }
    file.list("profiles", SchedulerConfiguration.PROFILE_FIELDS).forEach(this::profile);
  }

  private void warn(boolean isSaid, String field, String why) {
    if (isSaid) {
      warnings.add(field + " is not followed: " + why);
    }
  }

  private void profile(Section profile) {
    Section plugins = profile.part("plugins", Set.copyOf(PluginSets.POINTS));
    for (String point : PluginSets.POINTS) {
      Section set = plugins.part(point, SET_FIELDS);
      boolean isSaid =
          !set.json().path("enabled").isEmpty() || !set.json().path("disabled").isEmpty();
      warn(
          isSaid && !PluginSets.FOLLOWED.contains(point),
          plugins.at(point),
          "plugins are enabled and disabled at multiPoint, filter, score and postFilter");
    }
    PluginSets sets = new PluginSets(plugins.json());
    warn(
        !sets.at("multiPoint").containsKey(PluginSets.GATES)
            && !sets.at("preEnqueue").containsKey(PluginSets.GATES),
        plugins.at("multiPoint.disabled") + " of " + PluginSets.GATES,
        "the API binds no pod that has gates");
    for (Section each : profile.list("pluginConfig", Set.of("name", "args"))) {
      arguments(each);
    }
  }

  private void arguments(Section ofPlugin) {
    String name = ofPlugin.text("name");
    if (!PluginSets.exists(name)) {
      throw new IllegalArgumentException(
          ofPlugin.at("name") + ": plugin \"" + name + "\" does not exist");
    }
    JsonNode arguments = ofPlugin.json().path("args");
    Set<String> known = new HashSet<>(ARGUMENTS.getOrDefault(name, Set.of()));
    known.add("apiVersion");
    known.add("kind");
    if (name.equals("VolumeBinding") && arguments.has("shape")) {
      throw new IllegalArgumentException(
          ofPlugin.at("args.shape")
              + ": Invalid value: "
              + arguments.path("shape")
              + ": unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring");
    }
    Section read = ofPlugin.part("args", known);
    warn(
        read.has("filterTimeout"),
        read.at("filterTimeout"),
        "a node counts as full after 100,000 tries instead");
  }

  List<String> warnings() {
    return warnings;
  }

  /// Empty for none.
  String kubeconfig() {
    return kubeconfig;
  }
}
