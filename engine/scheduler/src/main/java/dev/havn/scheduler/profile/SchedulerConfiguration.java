// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.scheduler.device.DeviceCounts;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.extender.ExtenderSettings;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.ImageLocality;
import dev.havn.scheduler.plugin.InterPodAffinity;
import dev.havn.scheduler.plugin.NodeAffinities;
import dev.havn.scheduler.plugin.NodeDeclaredFeatures;
import dev.havn.scheduler.plugin.NodeName;
import dev.havn.scheduler.plugin.NodePorts;
import dev.havn.scheduler.plugin.NodeResourcesBalancedAllocation;
import dev.havn.scheduler.plugin.NodeResourcesFit;
import dev.havn.scheduler.plugin.NodeUnschedulable;
import dev.havn.scheduler.plugin.PodTopologySpread;
import dev.havn.scheduler.plugin.Score;
import dev.havn.scheduler.plugin.SpreadPeers;
import dev.havn.scheduler.plugin.TaintToleration;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.NodeVolumeLimits;
import dev.havn.scheduler.volume.VolumeBinding;
import dev.havn.scheduler.volume.VolumeRestrictions;
import dev.havn.scheduler.volume.VolumeZone;
import dev.havn.scheduler.volume.Volumes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How the scheduler works, in the format of kube-scheduler's `--config` file:
/// `KubeSchedulerConfiguration` of `kubescheduler.config.k8s.io/v1`.
///
/// @param pauseMin of a pod that fits nowhere, doubled each time up to `pauseMax`
/// @param percentage of nodes that is looked at; 0 adapts to how many there are
/// @param ignored resources that only extenders look at
/// @param leader how a scheduler in a process of its own stands for election
/// @param kubeconfig of the cluster, for a scheduler in a process of its own; empty for none
/// @param warnings what the file says and nobody follows, by field
public record SchedulerConfiguration(
    List<JsonNode> profiles,
    Duration pauseMin,
    Duration pauseMax,
    int percentage,
    List<ExtenderSettings> extenders,
    Set<String> ignored,
    LeaderSettings leader,
    String kubeconfig,
    List<String> warnings) {
  private static final String VERSION = "kubescheduler.config.k8s.io/v1";
  private static final String KIND = "KubeSchedulerConfiguration";
  private static final String DEFAULT_NAME = "default-scheduler";
  private static final int PERCENT_MAX = 100;

  private static final Set<String> FIELDS =
      Set.of(
          "apiVersion",
          "kind",
          "parallelism",
          "leaderElection",
          "clientConnection",
          "enableProfiling",
          "enableContentionProfiling",
          "percentageOfNodesToScore",
          "podInitialBackoffSeconds",
          "podMaxBackoffSeconds",
          "profiles",
          "extenders",
          "delayCacheUntilActive");
  static final Set<String> PROFILE_FIELDS =
      Set.of("schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig");

  public static final SchedulerConfiguration STANDARD =
      new SchedulerConfiguration(
          List.of(JsonNodeFactory.instance.objectNode()),
          Duration.ofSeconds(1),
          Duration.ofSeconds(10),
          0,
          List.of(),
          Set.of(),
          LeaderSettings.STANDARD,
          "",
          List.of());

  /// Reads and checks it.
  ///
  /// @throws IllegalArgumentException says what is wrong
  public static SchedulerConfiguration of(JsonNode json) {
    if (!json.path("apiVersion").asText("").equals(VERSION)
        || !json.path("kind").asText("").equals(KIND)) {
      throw new IllegalArgumentException("expected kind " + KIND + " of " + VERSION);
    }
    Section file = new Section(json, "", FIELDS);
    int first = positive(json, "podInitialBackoffSeconds", 1, 1);
    int most = positive(json, "podMaxBackoffSeconds", 10, first);
    List<JsonNode> profiles = new ArrayList<>();
    file.list("profiles", PROFILE_FIELDS).forEach(each -> profiles.add(each.json()));
    ExtenderFields extenders = ExtenderFields.of(file);
    Unfollowed unfollowed = new Unfollowed(file);
    SchedulerConfiguration read =
        new SchedulerConfiguration(
            profiles.isEmpty() ? STANDARD.profiles() : profiles,
            Duration.ofSeconds(first),
            Duration.ofSeconds(most),
            percentage(json),
            extenders.extenders(),
            extenders.ignored(),
            LeaderSettings.of(file),
            unfollowed.kubeconfig(),
            unfollowed.warnings());
    Map<String, Profile> built = read.build(Volumes.NONE, _ -> Selector.EVERYTHING, Devices.NONE);
    if (built.size() < read.profiles().size()) {
      throw new IllegalArgumentException(
          "profiles: Duplicate value: each needs a schedulerName of its own");
    }
    return read;
  }

  private static int positive(JsonNode json, String field, int otherwise, int least) {
    int number = json.path(field).asInt(otherwise);
    if (number < least) {
      throw new IllegalArgumentException(
          "%s: Invalid value: %d: must be %d or more".formatted(field, number, least));
    }
    return number;
  }

  private static int percentage(JsonNode json) {
    int percentage = json.path("percentageOfNodesToScore").asInt(0);
    if (percentage < 0 || percentage > PERCENT_MAX) {
      throw new IllegalArgumentException(
          "percentageOfNodesToScore: Invalid value: %d: not in valid range [0-100]"
              .formatted(percentage));
    }
    return percentage;
  }

  /// The profiles by the scheduler name that pods ask for.
  public Map<String, Profile> build(Volumes volumes, SpreadPeers selectors, Devices devices) {
    Map<String, Profile> built = new LinkedHashMap<>();
    for (JsonNode each : profiles) {
      Profile profile = build(each, volumes, selectors, devices);
      built.put(profile.name(), profile);
    }
    return built;
  }

  private Profile build(JsonNode json, Volumes volumes, SpreadPeers selectors, Devices devices) {
    PluginSets sets = new PluginSets(json.get("plugins"));
    String scheduler = json.path("schedulerName").asText(DEFAULT_NAME);
    sets.require(scheduler);
    PluginArguments arguments = new PluginArguments(json.path("pluginConfig"));
    Map<String, Filter> filters = filters(arguments, volumes, selectors, devices);
    Map<String, Score> scores = scores(arguments, filters, devices);
    List<Filter> chosen = new ArrayList<>();
    Set<String> names = sets.at("filter").keySet();
    filters.forEach(
        (name, filter) -> {
          if (names.contains(name)) {
            chosen.add(filter);
          }
        });
    List<Profile.Weighted> weighted = new ArrayList<>();
    sets.at("score")
        .forEach(
            (name, weight) -> {
              @Nullable Score score = scores.get(name);
              if (score != null) {
                weighted.add(new Profile.Weighted(score, weight));
              }
            });
    return new Profile(
        scheduler,
        List.copyOf(chosen),
        List.copyOf(weighted),
        sets.at("postFilter").containsKey(PluginSets.PREEMPTION)
            ? new Preemption(arguments.preemptionPercent(), arguments.preemptionAbsolute())
            : null,
        json.has("percentageOfNodesToScore") ? percentage(json) : percentage,
        names.contains(DynamicResources.NAME),
        Duration.ofSeconds(arguments.volumeSeconds()),
        arguments.devicesWithin());
  }

  private Map<String, Filter> filters(
      PluginArguments arguments, Volumes volumes, SpreadPeers selectors, Devices devices) {
    Map<String, Filter> all = new LinkedHashMap<>();
    List.of(
            new NodeUnschedulable(),
            new NodeName(),
            new TaintToleration(),
            new NodeAffinities(arguments.addedAffinity()),
            new NodePorts(),
            new NodeResourcesFit(
                arguments.scoring(),
                ignored.isEmpty() ? arguments.ignoredResources() : ignored,
                arguments.ignoredResourceGroups(),
                name -> devices.extendedResources().classOf(name) != null,
                new DeviceCounts(devices)),
            new VolumeRestrictions(volumes),
            new NodeVolumeLimits(volumes),
            new VolumeBinding(volumes),
            new VolumeZone(volumes),
            new PodTopologySpread(
                arguments.defaultConstraints(), arguments.hasSystemDefaults(), selectors),
            new InterPodAffinity(
                arguments.requiredAffinityWeight(), arguments.ignoresPreferencesOfOthers()),
            new DynamicResources(devices, arguments.devicesWithin()),
            new NodeDeclaredFeatures())
        .forEach(each -> all.put(each.name(), each));
    return all;
  }

  /// Some plugins do both.
  private static Map<String, Score> scores(
      PluginArguments arguments, Map<String, Filter> filters, Devices devices) {
    Map<String, Score> all = new LinkedHashMap<>();
    for (Filter each : filters.values()) {
      if (each instanceof Score score) {
        all.put(each.name(), score);
      }
    }
    List.of(
            new NodeResourcesBalancedAllocation(
                arguments.balancedResources(), new DeviceCounts(devices)),
            new ImageLocality())
        .forEach(each -> all.put(each.name(), each));
    return all;
  }
}
