// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulerConfigurationTest {
  private static SchedulerConfiguration read(String fields) {
    try {
      JsonNode json =
          new ObjectMapper()
              .readTree(
                  "{\"apiVersion\": \"kubescheduler.config.k8s.io/v1\","
                      + " \"kind\": \"KubeSchedulerConfiguration\""
                      + (fields.isEmpty() ? "" : ", ")
                      + fields.replace('\'', '"')
                      + "}");
      return SchedulerConfiguration.of(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Map<String, Profile> profiles(SchedulerConfiguration configuration) {
    return configuration.build(Volumes.NONE, _ -> Selector.EVERYTHING, Devices.NONE);
  }

  private static Profile profile(String fields) {
    return Objects.requireNonNull(
        profiles(read("'profiles': [{" + fields + "}]")).get("default-scheduler"));
  }

  private static int weight(Profile profile, String score) {
    return profile.scores().stream()
        .filter(each -> each.score().name().equals(score))
        .mapToInt(Profile.Weighted::weight)
        .sum();
  }

  @Test
  void anEmptyFileIsKubernetesOwnProfile() {
    Profile profile = profile("");
    assertThat(profile.filters())
        .extracting(Filter::name)
        .containsExactly(
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
            "DynamicResources");
    assertThat(profile.scores())
        .extracting(each -> each.score().name() + "=" + each.weight())
        .containsExactly(
            "TaintToleration=3",
            "NodeAffinity=2",
            "NodeResourcesFit=1",
            "PodTopologySpread=2",
            "InterPodAffinity=2",
            "NodeResourcesBalancedAllocation=1",
            "ImageLocality=1");
    assertThat(profile.preemption()).isNotNull();
  }

  @Test
  void pausesAndSharesAreRead() {
    SchedulerConfiguration read =
        read(
            "'percentageOfNodesToScore': 30, 'podInitialBackoffSeconds': 2,"
                + " 'podMaxBackoffSeconds': 20");
    assertThat(read.pauseMin()).isEqualTo(Duration.ofSeconds(2));
    assertThat(read.pauseMax()).isEqualTo(Duration.ofSeconds(20));
    assertThat(profiles(read).values()).extracting(Profile::percentage).containsExactly(30);
  }

  @Test
  void severalProfilesGoBySchedulerNames() {
    assertThat(
            profiles(
                read(
                    "'profiles': [{'schedulerName': 'a'}, {'schedulerName': 'b',"
                        + " 'percentageOfNodesToScore': 50}]")))
        .containsOnlyKeys("a", "b");
  }

  @Test
  void pluginsAreDisabledAtOnePointOrAll() {
    Profile one = profile("'plugins': {'score': {'disabled': [{'name': 'TaintToleration'}]}}");
    assertThat(weight(one, "TaintToleration")).isZero();
    assertThat(one.filter("TaintToleration")).isNotNull();
    Profile all = profile("'plugins': {'multiPoint': {'disabled': [{'name': 'TaintToleration'}]}}");
    assertThat(all.filter("TaintToleration")).isNull();
    Profile none =
        profile(
            "'plugins': {'score': {'disabled': [{'name': '*'}], 'enabled': [{'name':"
                + " 'NodeResourcesFit', 'weight': 7}]}, 'postFilter': {'disabled': [{'name':"
                + " 'DefaultPreemption'}]}}");
    assertThat(none.scores()).hasSize(1);
    assertThat(weight(none, "NodeResourcesFit")).isEqualTo(7);
    assertThat(none.preemption()).isNull();
  }

  @Test
  void aWeightIsChanged() {
    Profile profile =
        profile("'plugins': {'multiPoint': {'enabled': [{'name': 'ImageLocality', 'weight': 9}]}}");
    assertThat(weight(profile, "ImageLocality")).isEqualTo(9);
    assertThat(weight(profile, "NodeAffinity")).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          'colour': 1|unknown field "colour"
          'podInitialBackoffSeconds': 0|podInitialBackoffSeconds: Invalid value: 0
          'podInitialBackoffSeconds': 5, 'podMaxBackoffSeconds': 4|podMaxBackoffSeconds: Invalid value: 4
          'percentageOfNodesToScore': 101|not in valid range [0-100]
          'profiles': [{}, {}]|Duplicate value
          'profiles': [{'plugins': {'filter': {'enabled': [{'name': 'Nope'}]}}}]|plugin "Nope" does not exist
          'profiles': [{'plugins': {'nope': {}}}]|unknown field "nope"
          'profiles': [{'pluginConfig': [{'name': 'NodeResourcesFit', 'args': {'scoringStrategy': {'type': 'Best'}}}]}]|Unsupported value: "Best"
          'profiles': [{'pluginConfig': [{'name': 'NodeResourcesFit', 'args': {'scoringStrategy': {'type': 'RequestedToCapacityRatio'}}}]}]|at least one point must be specified
          'profiles': [{'pluginConfig': [{'name': 'InterPodAffinity', 'args': {'hardPodAffinityWeight': 101}}]}]|not in valid range [0, 100]
          'profiles': [{'pluginConfig': [{'name': 'PodTopologySpread', 'args': {'defaultConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'ScheduleAnyway'}]}}]}]|when .defaultConstraints are not empty
          'profiles': [{'pluginConfig': [{'name': 'DefaultPreemption', 'args': {'minCandidateNodesPercentage': 0, 'minCandidateNodesAbsolute': 0}}]}]|cannot be zero at the same time
          'profiles': [{'pluginConfig': [{'name': 'A'}, {'name': 'A'}]}]|repeated config for plugin A
          """)
  void whatIsWrongIsSaid(String fields, String message) {
    assertThatThrownBy(() -> read(fields))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
