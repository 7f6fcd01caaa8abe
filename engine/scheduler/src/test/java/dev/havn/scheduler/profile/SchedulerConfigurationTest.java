// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.extender.ExtenderSettings;
import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.List;
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
            "DynamicResources",
            "NodeDeclaredFeatures");
    assertThat(profile.scores())
        .extracting(each -> each.score().name() + "=" + each.weight())
        .containsExactly(
            "TaintToleration=3",
            "NodeAffinity=2",
            "NodeResourcesFit=1",
            "PodTopologySpread=2",
            "InterPodAffinity=2",
            "DynamicResources=2",
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
  void whatEveryProfileNeedsIsEnabledAtItsOwnPointToo() {
    String sets =
        "'multiPoint': {'disabled': [{'name': '*'}], 'enabled': [{'name': 'NodePorts'}]},"
            + " 'queueSort': {'enabled': [{'name': 'PrioritySort'}]},"
            + " 'bind': {'enabled': [{'name': 'DefaultBinder'}]}";
    assertThat(profile("'plugins': {" + sets + "}").filters())
        .extracting(Filter::name)
        .containsExactly("NodePorts");
    assertThat(read("'profiles': [{'plugins': {" + sets + "}}]").warnings())
        .containsExactly(
            "profiles[0].plugins.multiPoint.disabled of SchedulingGates is not followed: the API"
                + " binds no pod that has gates");
    assertThat(
            read("'profiles': [{'plugins': {"
                    + sets
                    + ", 'preEnqueue': {'enabled': [{'name': 'SchedulingGates'}]}}}]")
                .warnings())
        .as("it is enabled, and that point is named")
        .singleElement()
        .asString()
        .startsWith("profiles[0].plugins.preEnqueue is not followed");
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
          'profiles': [{'plugins': {'nope': {}}}]|unknown field "profiles[0].plugins.nope"
          'profiles': [{'pluginConfig': [{'name': 'NodeResourcesFit', 'args': {'scoringStrategy': {'type': 'Best'}}}]}]|Unsupported value: "Best"
          'profiles': [{'pluginConfig': [{'name': 'NodeResourcesFit', 'args': {'scoringStrategy': {'type': 'RequestedToCapacityRatio'}}}]}]|at least one point must be specified
          'profiles': [{'pluginConfig': [{'name': 'InterPodAffinity', 'args': {'hardPodAffinityWeight': 101}}]}]|not in valid range [0, 100]
          'profiles': [{'pluginConfig': [{'name': 'PodTopologySpread', 'args': {'defaultConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'ScheduleAnyway'}]}}]}]|when .defaultConstraints are not empty
          'profiles': [{'pluginConfig': [{'name': 'DefaultPreemption', 'args': {'minCandidateNodesPercentage': 0, 'minCandidateNodesAbsolute': 0}}]}]|cannot be zero at the same time
          'profiles': [{'pluginConfig': [{'name': 'NodeAffinity'}, {'name': 'NodeAffinity'}]}]|repeated config for plugin NodeAffinity
          'profiles': [{'pluginConfig': [{'name': 'A'}]}]|profiles[0].pluginConfig[0].name: plugin "A" does not exist
          'profiles': [{'pluginConfig': [{'name': 'NodeAffinity', 'args': {'nope': 1}}]}]|unknown field "profiles[0].pluginConfig[0].args.nope"
          'profiles': [{'pluginConfig': [{'name': 'VolumeBinding', 'args': {'shape': []}}]}]|turn on the feature gate StorageCapacityScoring
          'profiles': [{'nope': {}}]|unknown field "profiles[0].nope"
          'profiles': [{'plugins': {'filter': {'enabled': [{'name': 'ImageLocality'}]}}}]|plugin "ImageLocality" does not extend FilterPlugin plugin
          'profiles': [{'plugins': {'score': {'enabled': [{'name': 'NodePorts'}]}}}]|plugin "NodePorts" does not extend ScorePlugin plugin
          'profiles': [{'plugins': {'postFilter': {'enabled': [{'name': 'PrioritySort'}]}}}]|plugin "PrioritySort" does not extend PostFilterPlugin plugin
          'profiles': [{'plugins': {'score': {'enabled': [{'name': 'DefaultBinder'}]}}}]|plugin "DefaultBinder" does not extend ScorePlugin plugin
          'profiles': [{'plugins': {'queueSort': {'enabled': [{'name': 'NodeName'}]}}}]|plugin "NodeName" does not extend QueueSortPlugin plugin
          'profiles': [{'plugins': {'bind': {'enabled': [{'name': 'PrioritySort'}]}}}]|plugin "PrioritySort" does not extend BindPlugin plugin
          'profiles': [{'plugins': {'multiPoint': {'disabled': [{'name': 'PrioritySort'}]}}}]|only one queue sort plugin required for profile with scheduler name "default-scheduler", but got 0
          'profiles': [{'schedulerName': 'a', 'plugins': {'queueSort': {'disabled': [{'name': '*'}]}}}]|required for profile with scheduler name "a", but got 0
          'profiles': [{'plugins': {'multiPoint': {'disabled': [{'name': '*'}], 'enabled': [{'name': 'PrioritySort'}]}}}]|at least one bind plugin is needed for profile with scheduler name "default-scheduler"
          'profiles': [{'plugins': {'bind': {'disabled': [{'name': 'DefaultBinder'}]}}}]|at least one bind plugin is needed
          'parallelism': 0|parallelism: Invalid value: 0: should be an integer value greater than zero
          'parallelism': 'many'|parallelism: expected a whole number, not "many"
          'clientConnection': {'nope': 1}|unknown field "clientConnection.nope"
          'leaderElection': {'nope': 1}|unknown field "leaderElection.nope"
          'leaderElection': {'resourceLock': 'endpoints'}|resourceLock value must be "leases"
          'leaderElection': {'leaseDuration': '5s'}|leaderElection.leaseDuration: Invalid value
          'leaderElection': {'leaseDuration': 'soon'}|expected a duration such as 5s or 1m30s
          'leaderElection': {'retryPeriod': '9s'}|must be greater than retryPeriod*JitterFactor
          """)
  void whatIsWrongIsSaid(String fields, String message) {
    assertThatThrownBy(() -> read(fields))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          'extenders': {}|extenders: expected a list
          'extenders': [{'urlPrefix': 'ftp://a'}]|extenders[0].urlPrefix: Invalid value: "ftp://a"
          'extenders': [{'urlPrefix': 'http://a', 'nope': 1}]|unknown field "extenders[0].nope"
          'extenders': [{'urlPrefix': 'http://a', 'prioritizeVerb': 'p'}]|extenders[0].weight: Invalid value: 0: must have a positive weight applied to it
          'extenders': [{'urlPrefix': 'http://a', 'bindVerb': 'b'}, {'urlPrefix': 'http://b', 'bindVerb': 'b'}]|only one extender can implement bind
          'extenders': [{'urlPrefix': 'http://a', 'managedResources': [{'name': 'cpu'}]}]|extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name
          'extenders': [{'urlPrefix': 'http://a', 'managedResources': [{'name': 'a.com/b'}]}, {'urlPrefix': 'http://b', 'managedResources': [{'name': 'a.com/b'}]}]|duplicate extender managed resource name
          'extenders': [{'urlPrefix': 'https://a', 'tlsConfig': {'serverName': 'b'}}]|extenders[0].tlsConfig.serverName
          'extenders': [{'urlPrefix': 'https://a', 'tlsConfig': {'caFile': '/none'}}]|extenders[0].tlsConfig.caFile: Invalid value: "/none": there is no such file
          'extenders': [{'urlPrefix': 'https://a', 'tlsConfig': {'certData': 'eA=='}}]|a certificate and its key must be given together
          'extenders': [{'urlPrefix': 'https://a', 'tlsConfig': {'insecure': true, 'caData': 'eA=='}}]|with the insecure flag is not allowed
          """)
  void whatIsWrongWithExtendersIsSaid(String fields, String message) {
    whatIsWrongIsSaid(fields, message);
  }

  @Test
  void extendersAreRead() {
    SchedulerConfiguration read =
        read(
            "'extenders': [{'urlPrefix': 'https://a:1/b', 'filterVerb': 'f', 'enableHTTPS': true,"
                + " 'httpTimeout': '1m0.5s', 'nodeCacheCapable': true, 'ignorable': true,"
                + " 'managedResources': [{'name': 'a.com/b', 'ignoredByScheduler': true}, {'name':"
                + " 'a.com/c'}]}, {'urlPrefix': 'http://c'}]");
    ExtenderSettings first = read.extenders().getFirst();
    assertThat(first.url()).isEqualTo("https://a:1/b");
    assertThat(first.verbs()).isEqualTo(new ExtenderSettings.Verbs("f", "", "", ""));
    assertThat(first.within()).isEqualTo(Duration.ofMillis(60_500));
    assertThat(first.insecure()).as("https without an authority to trust").isTrue();
    assertThat(first.knowsNodes() && first.ignorable()).isTrue();
    assertThat(first.managed()).containsExactlyInAnyOrder("a.com/b", "a.com/c");
    assertThat(read.ignored()).containsExactly("a.com/b");
    assertThat(read.extenders().getLast().within()).isEqualTo(Duration.ofSeconds(5));
    assertThat(read.extenders().getLast().insecure()).isFalse();
  }

  @Test
  void whatAnExtenderLooksAtNoPluginDoes() {
    SchedulerConfiguration read =
        read(
            "'extenders': [{'urlPrefix': 'http://a', 'managedResources': [{'name': 'a.com/b',"
                + " 'ignoredByScheduler': true}]}]");
    PodFacts pod =
        PodFacts.of(
            new PodBuilder()
                .withNewMetadata()
                .withName("a")
                .withUid("a")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withNewResources()
                .addToRequests("a.com/b", new Quantity("1"))
                .endResources()
                .endContainer()
                .endSpec()
                .build());
    ClusterState cluster = new ClusterState();
    cluster.put(
        new NodeBuilder()
            .withNewMetadata()
            .withName("n")
            .endMetadata()
            .withNewStatus()
            .addToAllocatable("pods", new Quantity("1"))
            .endStatus()
            .build());
    NodeState node = Objects.requireNonNull(cluster.node("n"));
    for (SchedulerConfiguration each : List.of(SchedulerConfiguration.STANDARD, read)) {
      Filter.Check check =
          Objects.requireNonNull(
              Objects.requireNonNull(
                      Objects.requireNonNull(profiles(each).get("default-scheduler"))
                          .filter("NodeResourcesFit"))
                  .prepare(new Attempt(pod, cluster, false))
                  .check());
      assertThat(check.refusal(node) == null).isEqualTo(each == read);
    }
  }

  @Test
  void howItStandsForElectionIsRead() {
    LeaderSettings leader =
        read("'leaderElection': {'leaderElect': false, 'leaseDuration': '1m', 'renewDeadline':"
                + " '40s', 'retryPeriod': '500ms', 'resourceName': 'a', 'resourceNamespace':"
                + " 'b'}")
            .leader();
    assertThat(leader)
        .isEqualTo(
            new LeaderSettings(
                true,
                false,
                Duration.ofMinutes(1),
                Duration.ofSeconds(40),
                Duration.ofMillis(500),
                "b",
                "a"));
    assertThat(read("").leader()).isEqualTo(LeaderSettings.STANDARD);
  }

  @Test
  void whatNobodyFollowsIsNamed() {
    SchedulerConfiguration read =
        read(
            "'parallelism': 8, 'enableProfiling': true, 'enableContentionProfiling': false,"
                + " 'delayCacheUntilActive': true, 'clientConnection': {'qps': 100, 'kubeconfig':"
                + " '/k'}, 'profiles': [{'plugins': {'reserve': {'disabled': [{'name': '*'}]},"
                + " 'filter': {'disabled': [{'name': 'NodePorts'}]}}, 'pluginConfig': [{'name':"
                + " 'DynamicResources', 'args': {'filterTimeout': '1s'}}]}]");
    assertThat(read.warnings())
        .extracting(each -> each.substring(0, each.indexOf(':')))
        .containsExactly(
            "parallelism is not followed",
            "enableProfiling is not followed",
            "delayCacheUntilActive is not followed",
            "clientConnection.qps is not followed",
            "profiles[0].plugins.reserve is not followed",
            "profiles[0].pluginConfig[0].args.filterTimeout is not followed");
    assertThat(read.kubeconfig()).isEqualTo("/k");
    assertThat(read("").warnings()).isEmpty();
  }
}
