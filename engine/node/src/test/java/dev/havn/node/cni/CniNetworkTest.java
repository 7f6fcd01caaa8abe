// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
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
    return new CniNetwork(folder.resolve("notes"), plugins.places(), timeMax);
  }

  private Sandbox pod(String id) {
    return new Sandbox(
        id,
        folder,
        "shop",
        "web-0",
        List.of(new Sandbox.Port("UDP", 8053, 53, "")),
        Map.of("kubernetes.io/ingress-bandwidth", "10M"));
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
    CniNetwork next = new CniNetwork(folder.resolve("notes"), NONE, Duration.ofSeconds(30));
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
      Files.writeString(folder.resolve("notes/a.json"), torn);
      assertThat(network.find("a")).isEmpty();
      network.detach("a");
      assertThat(network.isUsed()).isFalse();
    }
    assertThat(network.attach(pod("a"))).isNotEmpty();
  }

  @Test
  void aPluginThatHangsIsEnded() throws IOException {
    plugins.plugin("second", "[ $CNI_COMMAND = DEL ] || exec sleep 98764");
    CniNetwork impatient = open(Duration.ofMillis(500));
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
    network.collect();
    assertThat(network.problem()).isEmpty();
    assertThat(plugins.verbs())
        .containsExactly("ADD first", "ADD second", "DEL second", "DEL first");
    assertThat(plugins.calls().get(2).path("input").has("prevResult")).isFalse();
  }

  @Test
  void fromVersionOneOnePluginsSayHowTheyAreAndHearWhoThereIs() throws IOException {
    plugins.configure("10-pods.conflist", TWO.replace("1.0.0", "1.1.0"));
    network.attach(pod("a"));
    network.collect();
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
    network.collect();
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
    Sandbox pod =
        new Sandbox(
            "a", folder, "shop", "web", List.of(), Map.of("kubernetes.io/egress-bandwidth", text));
    assertThatThrownBy(() -> network.attach(pod)).hasMessageContaining(message);
  }
}
