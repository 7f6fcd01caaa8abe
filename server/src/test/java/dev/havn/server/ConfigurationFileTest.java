// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.havn.controllers.Controllers;
import dev.havn.controllers.autoscaling.ScalingOptions;
import dev.havn.controllers.nodes.NodeOptions;
import dev.havn.node.cni.CniPlaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationFileTest {
  @TempDir private Path folder;

  private Configuration read(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), yaml);
    return ConfigurationFile.read(file, Configuration.of(folder));
  }

  @Test
  void saysWhatTheFlagsSay() throws IOException {
    Configuration configuration =
        read(
            """
            # a comment
            port: 0
            nodes: 3
            runtime: simulated
            store: memory
            bind: 0.0.0.0
            pod-range: 10.1.0.0/16
            node-network: bridge
            feature-gates: MaxUnavailableStatefulSet=true
            """);
    assertThat(configuration.network().nodes()).isEqualTo(NetworkChoice.Nodes.BRIDGE);
    assertThat(configuration.featureGates()).isEqualTo("MaxUnavailableStatefulSet=true");
    assertThat(configuration.port()).isZero();
    assertThat(configuration.nodes()).isEqualTo(3);
    assertThat(configuration.runtime()).isEqualTo(Configuration.RuntimeChoice.SIMULATED);
    assertThat(configuration.store()).isEqualTo(StoreChoice.MEMORY);
    assertThat(configuration.bind()).isEqualTo("0.0.0.0");
    assertThat(configuration.podRange()).isEqualTo("10.1.0.0/16");
    assertThat(configuration.serviceRange()).isEqualTo(Configuration.of(folder).serviceRange());
    assertThat(read("pod-range: auto,fd00::/48").podRange()).isEqualTo("auto,fd00::/48");
    assertThat(read("")).isEqualTo(Configuration.of(folder));
  }

  @Test
  void namesAnEtcdAndWhatIsToBeKnownAboutIt() throws IOException {
    StoreChoice store =
        read("""
                store: etcd=http://10.0.0.1:2379,http://10.0.0.2
                etcd-prefix: /clusters/one
                etcd-cafile: /pki/ca.crt
                etcd-certfile: /pki/client.crt
                etcd-keyfile: /pki/client.key
                """)
            .store();
    assertThat(store.toString()).isEqualTo("etcd=http://10.0.0.1:2379,http://10.0.0.2:2379");
    assertThat(store.settings().prefix()).isEqualTo("/clusters/one/");
    assertThat(store.settings().authority()).isEqualTo(Path.of("/pki/ca.crt"));
    assertThat(store.settings().certificate()).isEqualTo(Path.of("/pki/client.crt"));
    assertThat(store.settings().key()).isEqualTo(Path.of("/pki/client.key"));
  }

  @Test
  void namesWhereTheMachineHasItsNetworks() throws IOException {
    assertThat(read("cni-conf-dir: /etc/cni/net.d").network().plugins())
        .isEqualTo(new CniPlaces(Path.of("/etc/cni/net.d"), CniPlaces.PROGRAMS));
    assertThat(read("cni-conf-dir: /n\ncni-bin-dir: /a:/b\n").network().plugins())
        .isEqualTo(new CniPlaces(Path.of("/n"), List.of(Path.of("/a"), Path.of("/b"))));
    assertThat(read("port: 0").network().plugins()).isNull();
  }

  @Test
  void hasTheOptionsOfTheControllerManager() throws IOException {
    assertThat(read("port: 0").controllers()).isEqualTo(ControllerChoice.USUAL);
    ControllerChoice choice =
        read("""
                controller-manager: standby
                cluster-signing-duration: 720h
                horizontal-pod-autoscaler-cpu-initialization-period: 0s
                horizontal-pod-autoscaler-downscale-stabilization: 1m
                horizontal-pod-autoscaler-initial-readiness-delay: 10s
                horizontal-pod-autoscaler-sync-period: 1.5s
                horizontal-pod-autoscaler-tolerance: 0.25
                large-cluster-size-threshold: 10
                node-eviction-rate: 1
                node-monitor-grace-period: 20s
                node-monitor-period: 2s
                node-startup-grace-period: 2m
                secondary-node-eviction-rate: 0
                terminated-pod-gc-threshold: -1
                unhealthy-zone-threshold: .7
                """)
            .controllers();
    assertThat(choice)
        .isEqualTo(
            new ControllerChoice(
                Configuration.Leading.STANDBY,
                new Controllers.Options(
                    new NodeOptions(
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(20),
                        Duration.ofMinutes(2),
                        new NodeOptions.EvictionRates(1, 0, 0.7f, 10)),
                    new ScalingOptions(
                        Duration.ofMillis(1_500),
                        0.25,
                        Duration.ofMinutes(1),
                        Duration.ZERO,
                        Duration.ofSeconds(10)),
                    -1,
                    Duration.ofDays(30))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "port: 0;prot: 1 | line 2: unknown key 'prot': there are [admission-control-config-file,",
        "store: disk | line 1: store 'disk': file, memory or etcd=URL[,URL...]",
        "store: etcd=127.0.0.1:2379 | line 1: store 'etcd=127.0.0.1:2379': '127.0.0.1:2379' is no URL",
        "store: etcd=http://a,https://b | line 1: store 'etcd=http://a,https://b': 'http://a,https://b' mixes http and https",
        "etcd-prefix: registry | line 1: etcd-prefix must be a path such as /registry, not 'registry'",
        "port: 1;etcd-keyfile: /k | line 2: etcd-certfile and etcd-keyfile go together",
        "audit-policy-file: /p | line 1: audit-policy-file and audit-log-path go together",
        "runtime-config: apps/v9=false | line 1: runtime-config: unknown api group version 'apps/v9': there are [",
        "port: 1;feature-gates: Max=true | line 2: feature-gates: unrecognized feature gate: Max; there are [",
        "feature-gates: {MaxUnavailableStatefulSet: true} | line 1: feature-gates must be a single value",
        "runtime-config: apps/v1=no | line 1: runtime-config: apps/v1 must be true or false, not 'no'",
        "anonymous-auth: maybe | line 1: anonymous-auth must be true or false, not 'maybe'",
        "authentication-token-webhook-version: v2 | line 1: authentication-token-webhook-version must be v1 or v1beta1, not 'v2'",
        "authentication-token-webhook-cache-ttl: 2 | line 1: authentication-token-webhook-cache-ttl must be a duration such as 2m0s, not '2'",
        "port: http | line 1: port must be a whole number from 0 to 65535, not 'http'",
        "port: 70000 | line 1: port must be a whole number from 0 to 65535, not '70000'",
        "nodes: 0 | line 1: nodes must be a whole number from 1 to 10000, not '0'",
        ";;runtime: docker | line 3: runtime must be one of [auto, simulated,",
        "nodes: [1] | line 1: nodes must be a single value",
        "nodes: 1;nodes: 2 | line 2: nodes is given a second time",
        "pod-range: 10.0.0.0/17 | line 1: pod-range must be an IPv4 range such as",
        "pod-range: 10.0.0.0/16,10.1.0.0/16 | line 1: pod-range must be an IPv4 range such as",
        "service-range: auto, | line 1: service-range must be an IPv4 range such as",
        "port: 1;cni-bin-dir: /b | line 2: cni-bin-dir goes with cni-conf-dir, which is not given",
        "load-balancer-range: 10.0.0.0 | line 1: load-balancer-range must be a range such as",
        "port: 0;node-monitor-grace-period: 10s | line 2: node-monitor-grace-period must be a duration such as 50s, longer than the 10s after which a node says again that it lives, not '10s'",
        "node-monitor-period: 1ms | line 1: node-monitor-period must be a duration such as 5s, at least 100ms, not '1ms'",
        "cluster-signing-duration: 0s | line 1: cluster-signing-duration must be a duration such as 8760h, not '0s'",
        "horizontal-pod-autoscaler-sync-period: 15 | line 1: horizontal-pod-autoscaler-sync-period must be a duration such as 15s, at least 100ms, not '15'",
        "horizontal-pod-autoscaler-downscale-stabilization: -5m | line 1: horizontal-pod-autoscaler-downscale-stabilization must be a duration such as 5m0s, not '-5m'",
        "horizontal-pod-autoscaler-tolerance: -0.1 | line 1: horizontal-pod-autoscaler-tolerance must be a number such as 0.1, not below 0, not '-0.1'",
        "unhealthy-zone-threshold: 55% | line 1: unhealthy-zone-threshold must be a number such as 0.55, not below 0, not '55%'",
        "terminated-pod-gc-threshold: many | line 1: terminated-pod-gc-threshold must be a whole number such as 12500, 0 for no bound, not 'many'",
        "large-cluster-size-threshold: -1 | line 1: large-cluster-size-threshold must be a whole number from 0 to 999999999, not '-1'",
        "controller-manager: none | line 1: controller-manager must be one of [embedded, standby, off], not 'none'",
        "- port | line 1: a mapping is expected",
        "port: 'a | is no YAML",
      })
  void refusesEverythingElseWithLineAndExpectation(String yaml, String message) {
    assertThatThrownBy(() -> read(yaml.replace(';', '\n')))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("configuration " + folder.resolve("havn.yaml"))
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void whoIsWhoIsSaidWithTheNamesOfKubernetes() throws IOException {
    AuthFiles files =
        read("""
                anonymous-auth: false
                authentication-config: /etc/authentication.yaml
                authentication-token-webhook-cache-ttl: 90s
                authentication-token-webhook-config-file: /etc/tokens.kubeconfig
                authentication-token-webhook-version: v1
                authorization-config: /etc/authorization.yaml
                enable-bootstrap-token-auth: false
                """)
            .api()
            .auth();
    assertThat(files)
        .isEqualTo(
            new AuthFiles(
                Path.of("/etc/authentication.yaml"),
                Optional.of(false),
                false,
                new AuthFiles.TokenWebhook(
                    Path.of("/etc/tokens.kubeconfig"), "v1", Duration.ofSeconds(90)),
                Path.of("/etc/authorization.yaml")));
  }

  @Test
  void theGuideNamesEveryKey() throws IOException {
    String guide =
        Files.readString(
            Path.of(System.getProperty("havn.root", ".."), "docs", "guide", "cluster.md"));
    String refused = catchThrowable(() -> read("none: 1")).getMessage();
    List<String> keys =
        List.of(refused.replaceFirst(".*there are \\[", "").replace("]", "").split(", "));
    assertThat(keys).contains("store").allMatch(each -> guide.contains("`" + each + "`"));
  }

  @Test
  void aNodeThatJoinsFollowsSomeAndRefusesTheOthers() throws IOException {
    Configuration usual = Configuration.of(folder);
    Path file = Files.writeString(folder.resolve("node.yaml"), "runtime: simulated\n");
    assertThat(ConfigurationFile.readOfNode(file, usual).runtime())
        .isEqualTo(Configuration.RuntimeChoice.SIMULATED);
    Files.writeString(file, "runtime: simulated\nkubelet-config: k.yaml\n");
    assertThatThrownBy(() -> ConfigurationFile.readOfNode(file, usual))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("node.yaml line 2: kubelet-config is for `havn up`")
        .hasMessageContaining("[registries-config, runtime]");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(
            () -> ConfigurationFile.read(folder.resolve("none"), Configuration.of(folder)))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("none cannot be read");
  }
}
