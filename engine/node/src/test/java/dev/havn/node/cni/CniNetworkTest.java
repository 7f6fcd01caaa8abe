// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.addresses.Ranges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What plugins are told, and what becomes of what they say.
@Timeout(60)
class CniNetworkTest {
  private static final String RESULT =
      """
      {"cniVersion": "1.0.0", "interfaces": [{"name": "br9"}, {"name": "eth0", "sandbox": "/ns"}],
       "ips": [{"address": "10.9.9.1/24", "interface": 0}, {"address": "fd00:9::7/64", "interface": 1},
               {"address": "10.9.0.7/24", "gateway": "10.9.0.1", "interface": 1}]}""";

  private static final String TWO =
      """
      {"cniVersion": "1.0.0", "name": "pods", "plugins": [
        {"type": "first", "capabilities": {"bandwidth": true}, "color": "red"},
        {"type": "second", "capabilities": {"portMappings": true, "bandwidth": false}}]}
      """;

  @TempDir private Path folder;
  private TestPlugins plugins;
  private CniNetwork network;

  @BeforeEach
  void makesPlugins() throws IOException {
    plugins = new TestPlugins(folder);
    plugins.giving("first", RESULT);
    plugins.giving("second", RESULT.replace("10.9.0.7", "10.9.0.8"));
    plugins.configure("20-later.conflist", "{}").configure("10-pods.conflist", TWO);
    network = open(Duration.ofSeconds(30));
  }

  private CniNetwork open(Duration timeMax) {
    return open(plugins.places(), timeMax, false);
  }

  private CniNetwork open(CniPlaces places, Duration timeMax, boolean bound) {
    Ranges ranges = Ranges.parse("10.9.0.0/24,fd00:9::/64");
    return new CniNetwork(
        new CniNetwork.Settings(notes("node"), places, timeMax, null, ranges, bound));
  }

  private Path notes(String node) {
    return folder.resolve("nodes").resolve(node).resolve("runtime/cni");
  }

  private Neighbours neighbours() {
    return new Neighbours(
        folder.resolve("nodes"), folder.resolve("results"), folder.resolve("netns"), "hv0");
  }

  private Sandbox pod(String id) {
    return pod(id, Map.of("kubernetes.io/ingress-bandwidth", "10M"));
  }

  private Sandbox pod(String id, Map<String, String> annotations) {
    return new Sandbox(
        id,
        folder,
        "/pods/" + id,
        "shop",
        "web-0",
        List.of(new Sandbox.Port("UDP", 8053, 53, "")),
        annotations,
        new Sandbox.Dns(List.of("10.96.0.10"), List.of("shop.svc"), List.of("ndots:5")));
  }

  @Test
  void pluginsAreCalledInTheirOrderEachWithTheResultOfTheOneBefore() throws IOException {
    assertThat(network.attach(pod("a"))).containsExactly("10.9.0.8", "fd00:9::7");
    assertThat(plugins.verbs()).containsExactly("ADD first", "ADD second");
    JsonNode first = plugins.calls().get(0);
    assertThat(first.path("id").asText()).isEqualTo("a");
    assertThat(first.path("netns").asText()).isEqualTo(folder.toString());
    assertThat(first.path("link").asText()).isEqualTo("eth0");
    assertThat(first.path("path").asText()).isEqualTo(plugins.programs.toString());
    assertThat(first.path("args").asText())
        .isEqualTo(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=a;K8S_POD_UID=a");
    JsonNode given = first.path("input");
    assertThat(given.path("name").asText()).isEqualTo("pods");
    assertThat(given.path("cniVersion").asText()).isEqualTo("1.0.0");
    assertThat(given.path("color").asText()).isEqualTo("red");
    assertThat(given.has("prevResult")).isFalse();
    assertThat(given.path("runtimeConfig").toString())
        .isEqualTo("{\"bandwidth\":{\"ingressRate\":10000000,\"ingressBurst\":4294967295}}");
    JsonNode next = plugins.calls().get(1).path("input");
    assertThat(next.at("/prevResult/ips/2/address").asText()).isEqualTo("10.9.0.7/24");
    assertThat(next.path("runtimeConfig").toString())
        .isEqualTo(
            "{\"portMappings\":[{\"hostPort\":8053,\"containerPort\":53,\"protocol\":\"udp\",\"hostIP\":\"\"}]}");
  }

  @Test
  void whatWasMadeIsFoundAndTakenAwayByAnotherProcessThoughTheConfigurationIsAnother()
      throws IOException {
    network.attach(pod("a"));
    plugins.configure("10-pods.conflist", TWO.replace("second", "other"));
    CniNetwork next = open(NONE, Duration.ofSeconds(30), false);
    assertThat(next.find("a")).containsExactly("10.9.0.8", "fd00:9::7");
    next.check("a");
    next.detach("a");
    assertThat(plugins.verbs())
        .containsExactly(
            "ADD first", "ADD second", "CHECK first", "CHECK second", "DEL second", "DEL first");
    for (JsonNode each : plugins.calls().subList(2, 6)) {
      assertThat(each.at("/input/prevResult/ips/2/address").asText()).isEqualTo("10.9.0.8/24");
    }
    assertThat(next.find("a")).isEmpty();
    next.detach("a");
    assertThat(plugins.verbs()).hasSize(6);
  }

  private static final CniPlaces NONE = new CniPlaces(Path.of("/nowhere"), List.of());

  @Test
  void whatIsBrokenOffIsTakenBackAndTriedAgain() throws IOException {
    plugins.plugin(
        "second",
        "[ $CNI_COMMAND = DEL ] || { echo '{\"code\": 11, \"msg\": \"no ports\", \"details\": \"all taken\"}'; exit 1; }");
    CniException refused = catchThrowableOfType(CniException.class, () -> network.attach(pod("a")));
    assertThat(refused).hasMessage("plugin type=\"second\" failed (add): no ports; all taken");
    assertThat(refused.code()).isEqualTo(11);
    assertThat(plugins.verbs())
        .containsExactly("ADD first", "ADD second", "DEL second", "DEL first");
    assertThat(plugins.calls().get(3).path("input").has("prevResult")).isFalse();
    assertThat(network.isUsed()).isFalse();
    plugins.giving("second", RESULT);
    assertThat(network.attach(pod("a"))).isNotEmpty();
  }

  @Test
  void whatCannotBeTakenAwayIsKeptInMind() throws IOException {
    network.attach(pod("a"));
    plugins.plugin("first", "echo broken >&2; exit 3");
    assertThatThrownBy(() -> network.detach("a"))
        .hasMessage("plugin type=\"first\" failed (delete): netplugin failed: \"broken\"");
    plugins.plugin("first", "");
    open(Duration.ofSeconds(30)).detach("a");
    assertThat(network.isUsed()).isFalse();
    assertThat(plugins.verbs().getLast()).isEqualTo("DEL first");
  }

  @Test
  void aNoteThatAPowerCutToreKeepsNobodyFromGoing() throws IOException {
    for (String torn : List.of("", "{\"config\": {\"na")) {
      network.attach(pod("a"));
      Files.writeString(notes("node").resolve("a.json"), torn);
      assertThat(network.find("a")).isEmpty();
      network.detach("a");
      assertThat(network.isUsed()).isFalse();
    }
    assertThat(network.attach(pod("a"))).isNotEmpty();
  }

  @Test
  void aPluginThatHangsIsEnded() throws IOException {
    plugins.plugin("second", "[ $CNI_COMMAND = DEL ] || exec sleep 98764");
    CniNetwork impatient = open(Duration.ofSeconds(2));
    assertThatThrownBy(() -> impatient.attach(pod("a")))
        .hasMessageContaining("plugin type=\"second\" failed (add): netplugin failed with no error")
        .hasMessageContaining("does not end");
    assertThat(plugins.verbs()).endsWith("DEL second", "DEL first");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exit 0 | it gives no result",
        "echo hello | its answer is no JSON: hello",
        "echo [] | its answer is no object: []",
        "exit 4 | netplugin failed with no error message: exit status 4",
        "echo nonsense; exit 1 | netplugin failed but error parsing its diagnostic message \"nonsense",
        "echo '{\"cniVersion\": \"9.9.9\"}' | incompatible CNI versions; result is \"9.9.9\", Havn supports",
        "echo '{\"cniVersion\": \"1.0.0\"}' | failed to find network info for sandbox \"a\"",
        "echo '{\"cniVersion\": \"1.0.0\", \"ips\": [{\"address\": \"a; b\"}]}' | result: 'a; b' is no address",
      })
  void whatIsNoResultIsRefused(String script, String message) throws IOException {
    plugins.plugin("first", "[ $CNI_COMMAND = DEL ] && exit 0; " + script);
    plugins.configure(
        "10-pods.conflist",
        "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"plugins\": [{\"type\": \"first\"}]}");
    assertThatThrownBy(() -> network.attach(pod("a"))).hasMessageContaining(message);
    assertThat(network.isUsed()).isFalse();
  }

  @Test
  void aPluginThatIsNotThereIsNamedWithWhereItWasLookedFor() throws IOException {
    Files.delete(plugins.programs.resolve("second"));
    assertThatThrownBy(() -> network.attach(pod("a")))
        .hasMessage(
            "plugin type=\"second\" failed (add): failed to find plugin \"second\" in path ["
                + plugins.programs
                + "]");
  }

  @Test
  void aResultIsGivenOnInTheVersionOfTheList() throws IOException {
    plugins.configure("10-pods.conflist", TWO.replace("1.0.0", "0.4.0"));
    network.attach(pod("a"));
    JsonNode given = plugins.calls().get(1).at("/input/prevResult");
    assertThat(given.path("cniVersion").asText()).isEqualTo("0.4.0");
    assertThat(given.at("/ips/1/version").asText()).isEqualTo("6");
    assertThat(given.at("/ips/2/version").asText()).isEqualTo("4");
  }

  @Test
  void anOldVersionKnowsNoCheckAndNoResultAtTheEnd() throws IOException {
    plugins.configure("10-pods.conflist", TWO.replace("1.0.0", "0.3.1"));
    network.attach(pod("a"));
    network.check("a");
    network.detach("a");
    network.collect(neighbours());
    assertThat(network.problem()).isEmpty();
    assertThat(plugins.verbs())
        .containsExactly("ADD first", "ADD second", "DEL second", "DEL first");
    assertThat(plugins.calls().get(2).path("input").has("prevResult")).isFalse();
  }

  @Test
  void fromVersionOneOnePluginsSayHowTheyAreAndHearWhoThereIs() throws IOException {
    plugins.configure("10-pods.conflist", TWO.replace("1.0.0", "1.1.0"));
    network.attach(pod("a"));
    network.collect(neighbours());
    assertThat(plugins.verbs()).endsWith("GC first", "GC second");
    JsonNode told = plugins.calls().getLast().path("input");
    assertThat(told.path("cni.dev/valid-attachments").toString())
        .isEqualTo("[{\"containerID\":\"a\",\"ifname\":\"eth0\"}]");
    assertThat(network.problem()).isEmpty();
    plugins.plugin("second", "echo '{\"code\": 50, \"msg\": \"no daemon\"}'; exit 1");
    assertThat(network.problem()).contains("plugin type=\"second\" failed (status): no daemon");
    plugins.configure(
        "10-pods.conflist",
        TWO.replace("1.0.0", "1.1.0").replace("\"name\"", "\"disableGC\": true, \"name\""));
    int before = plugins.calls().size();
    network.collect(neighbours());
    assertThat(plugins.calls()).hasSize(before);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{ | 00.conflist is no JSON",
        "{\"cniVersion\": \"1.0.0\", \"name\": \"a b\"} | invalid characters found in network name 'a b'",
        "{\"cniVersion\": \"1.0.0\", \"name\": \"n\"} | is missing or empty",
        "{\"name\": \"n\", \"type\": \"first\"} | incompatible CNI versions; ",
        "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"plugins\": [{\"type\": \"../x\"}]} | must have a 'type', the name of a program",
      })
  void aConfigurationThatIsNoneIsNamed(String text, String message) throws IOException {
    plugins.configure("00.conflist", text);
    assertThat(network.problem().orElseThrow()).contains(message);
    assertThatThrownBy(() -> network.attach(pod("a"))).hasMessageContaining(message);
  }

  @Test
  void withoutAConfigurationThereIsNoNetwork() throws IOException {
    Files.delete(plugins.configurations.resolve("10-pods.conflist"));
    Files.delete(plugins.configurations.resolve("20-later.conflist"));
    Files.writeString(plugins.configurations.resolve("10-pods.disabled"), TWO);
    assertThat(network.problem()).contains("cni plugin not initialized");
  }

  @Test
  void aSinglePluginIsANetworkToo() throws IOException {
    plugins.configure(
        "00.conf", "{\"cniVersion\": \"1.0.0\", \"name\": \"one\", \"type\": \"first\"}");
    assertThat(network.attach(pod("a")).getFirst()).isEqualTo("10.9.0.7");
    assertThat(plugins.verbs()).containsExactly("ADD first");
  }

  @ParameterizedTest
  @CsvSource({
    "10, resource is unreasonably small (< 1kbit)",
    "2E, resource is unreasonably large (> 1Pbit)",
    "fast, must be bits a second such as 10M"
  })
  void aBandwidthThatIsNoneIsRefused(String text, String message) {
    Sandbox pod = pod("a", Map.of("kubernetes.io/egress-bandwidth", text));
    assertThatThrownBy(() -> network.attach(pod)).hasMessageContaining(message);
  }

  private static final String ALL_CAPABILITIES =
      """
      {"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "first", "capabilities":
        {"ipRanges": true, "dns": true, "ips": true, "mac": true, "cgroupPath": true}}]}
      """;

  private static final String SELECTION =
      "[{\"name\": \"pods\", \"ips\": [\"10.9.0.7/24\"], \"mac\": \"0a:58:0a:09:00:07\"}]";

  @Test
  void pluginsThatCanAreToldOfRangesNamesAndWhatThePodAsksFor() throws IOException {
    plugins.configure("10-pods.conflist", ALL_CAPABILITIES);
    network.attach(pod("a", Map.of(NetworkSelection.ANNOTATION, SELECTION)));
    JsonNode told = plugins.calls().getFirst().at("/input/runtimeConfig");
    assertThat(told.path("ipRanges").toString())
        .isEqualTo(
            "[[{\"subnet\":\"10.9.0.0/24\",\"gateway\":\"10.9.0.1\"}],[{\"subnet\":\"fd00:9::/64\",\"gateway\":\"fd00:9::1\"}]]");
    assertThat(told.path("dns").toString())
        .isEqualTo(
            "{\"servers\":[\"10.96.0.10\"],\"searches\":[\"shop.svc\"],\"options\":[\"ndots:5\"]}");
    assertThat(told.path("ips").toString()).isEqualTo("[\"10.9.0.7/24\"]");
    assertThat(told.path("mac").asText()).isEqualTo("0a:58:0a:09:00:07");
    assertThat(told.path("cgroupPath").asText()).isEqualTo("/pods/a");
    network.detach("a");
    assertThat(plugins.calls().getLast().at("/input/runtimeConfig")).isEqualTo(told);
    network.attach(pod("b", Map.of(NetworkSelection.ANNOTATION, "shop/pods@eth0")));
    assertThat(plugins.calls().getLast().at("/input/runtimeConfig").has("ips")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "other | it names network 'other', this node has 'pods'",
        "pods@net1 | its 'interface' must be eth0",
        "[{ | it is no JSON",
        "[] | it must be a list of one object",
        "[{\"name\": \"pods\", \"default-route\": []}] | is not supported in it",
        "[{\"name\": \"pods\", \"ips\": \"10.9.0.7\"}] | its 'ips' must be a list",
        "[{\"name\": \"pods\", \"ips\": [\"web\"]}] | of its 'ips' is no address such as",
        "[{\"name\": \"pods\", \"mac\": \"0a:58\"}] | is no 'mac' such as",
      })
  void aSelectionThatIsNoneIsRefused(String text, String message) throws IOException {
    plugins.configure("10-pods.conflist", ALL_CAPABILITIES);
    assertThatThrownBy(() -> network.attach(pod("a", Map.of(NetworkSelection.ANNOTATION, text))))
        .hasMessageStartingWith("annotation " + NetworkSelection.ANNOTATION + ": ")
        .hasMessageContaining(message);
    assertThat(plugins.calls()).isEmpty();
  }

  @Test
  void anAddressThatNoPluginTakesIsNotLeftToChance() throws IOException {
    assertThatThrownBy(
            () -> network.attach(pod("a", Map.of(NetworkSelection.ANNOTATION, SELECTION))))
        .hasMessageEndingWith("no plugin of network pods has the capability 'ips'");
    assertThat(plugins.calls()).isEmpty();
  }

  @Test
  void ofSeveralNodesEachGivesAddressesOfItsRangeAlone() throws IOException {
    CniNetwork bound = open(plugins.places(), Duration.ofSeconds(30), true);
    assertThat(bound.attach(pod("a"))).containsExactly("10.9.0.8", "fd00:9::7");
    for (String other : List.of("10.9.1.8", "10.9.0.1")) {
      plugins.giving("second", RESULT.replace("10.9.0.7", other));
      assertThatThrownBy(() -> bound.attach(pod("b")))
          .hasMessageStartingWith("network pods gives address " + other + ", which is not for pods")
          .hasMessageContaining("10.9.0.0/24,fd00:9::/64")
          .hasMessageContaining("ipRanges");
      assertThat(plugins.verbs()).endsWith("DEL second", "DEL first");
      assertThat(bound.find("b")).isEmpty();
    }
    assertThat(network.attach(pod("b"))).contains("10.9.0.1");
  }

  @Test
  void pluginsInFilesBesideAListFollowItsOwn() throws IOException {
    plugins.giving("third", RESULT).giving("fourth", RESULT);
    Path beside = Files.createDirectories(plugins.configurations.resolve("pods"));
    Files.writeString(beside.resolve("20-last.conf"), "{\"type\": \"fourth\"}");
    Files.writeString(beside.resolve("10-more.conf"), "{\"type\": \"third\", \"color\": \"blue\"}");
    Files.writeString(beside.resolve("30-not.conflist"), "{\"type\": \"none\"}");
    network.attach(pod("a"));
    assertThat(plugins.verbs())
        .containsExactly("ADD first", "ADD second", "ADD third", "ADD fourth");
    assertThat(plugins.calls().get(2).at("/input/color").asText()).isEqualTo("blue");
    assertThat(plugins.calls().get(2).at("/input/name").asText()).isEqualTo("pods");
    Files.delete(beside.resolve("10-more.conf"));
    network.detach("a");
    assertThat(plugins.verbs()).endsWith("DEL fourth", "DEL third", "DEL second", "DEL first");
    int before = plugins.calls().size();
    plugins.configure(
        "10-pods.conflist", TWO.replace("\"name\"", "\"loadOnlyInlinedPlugins\": true, \"name\""));
    network.attach(pod("b"));
    assertThat(plugins.verbs().subList(before, before + 2))
        .containsExactly("ADD first", "ADD second");
    assertThat(plugins.calls()).hasSize(before + 2);
  }

  @Test
  void aListMayHaveAllItsPluginsInFiles() throws IOException {
    String list = "{\"cniVersion\": \"1.1.0\", %s\"name\": \"files\"}";
    plugins.configure("00.conflist", list.formatted(""));
    assertThat(network.problem().orElseThrow()).contains("is missing or empty");
    Path beside = Files.createDirectories(plugins.configurations.resolve("files"));
    Files.writeString(beside.resolve("first.conf"), "{\"type\": \"first\"}");
    assertThat(network.attach(pod("a")).getFirst()).isEqualTo("10.9.0.7");
    Files.writeString(beside.resolve("second.conf"), "{");
    assertThat(network.problem().orElseThrow()).contains("second.conf is no JSON");
    plugins.configure("00.conflist", list.formatted("\"loadOnlyInlinedPlugins\": true, "));
    assertThat(network.problem().orElseThrow()).contains("there must be 'plugins'");
  }

  private int collections() throws IOException {
    network.collect(neighbours());
    return (int) plugins.verbs().stream().filter(each -> each.equals("GC first")).count();
  }

  @Test
  void pluginsHearOfThePodsOfAllNodesAndNothingWhileOneIsNotKnown() throws IOException {
    plugins.configure("10-pods.conflist", TWO.replace("1.0.0", "1.1.0"));
    network.attach(pod("b"));
    Files.createDirectories(notes("other"));
    Path there = Files.copy(notes("node").resolve("b.json"), notes("other").resolve("a.json"));
    assertThat(collections()).isEqualTo(1);
    assertThat(plugins.calls().getLast().at("/input/cni.dev~1valid-attachments").toString())
        .isEqualTo(
            "[{\"containerID\":\"a\",\"ifname\":\"eth0\"},{\"containerID\":\"b\",\"ifname\":\"eth0\"}]");
    Files.writeString(there, "{\"config\": {\"na");
    assertThat(collections()).isEqualTo(1);
    assertThat(there).exists();
    Files.delete(there);
    assertThat(collections()).isEqualTo(2);
  }

  @Test
  void nothingIsFreedWhereAnotherRuntimeMayHavePods() throws IOException {
    plugins.configure("10-pods.conflist", TWO.replace("1.0.0", "1.1.0"));
    Files.createDirectories(folder.resolve("results"));
    Files.createDirectories(folder.resolve("netns"));
    Files.createFile(folder.resolve("results/mine-5f1c-eth0"));
    Files.createFile(folder.resolve("netns/hv000-5f1c"));
    assertThat(collections()).isEqualTo(1);
    Path other = Files.createFile(folder.resolve("results/pods-5f1c-eth0"));
    assertThat(collections()).isEqualTo(1);
    Files.delete(other);
    Path namespace = Files.createFile(folder.resolve("netns/cni-5f1c"));
    assertThat(collections()).isEqualTo(1);
    Files.delete(namespace);
    assertThat(collections()).isEqualTo(2);
  }
}
