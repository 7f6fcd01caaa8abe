// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.cni.CniNodes;
import dev.havn.node.cni.CniPlaces;
import dev.havn.node.cni.Neighbours;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// A second node in a network namespace of its own, for which Debian's plugins make the network of
/// pods there, with addresses of both families.
class PluggedNodeTest extends TwoNodesFixture {
  private static final Path PLUGINS = Path.of("/usr/lib/cni");

  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "%1$s", "plugins": [
        {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
         "capabilities": {"ipRanges": %3$s, "ips": true, "mac": true},
         "ipam": {"type": "host-local", "dataDir": "%2$s", "ranges": [],
                  "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}}]}
      """;

  @Override
  RuncRuntime openOther() {
    CniPlaces places = new CniPlaces(folder.resolve("net.d"), List.of(PLUGINS));
    Neighbours neighbours = Neighbours.of(folder.resolve("nodes"), id.cluster());
    return RuncRuntime.open(
        settings(otherId, SECOND, uplink(), new CniNodes(places, neighbours, true)));
  }

  @Override
  String missing() {
    String missing = missingOfRunc("nft", "busybox");
    return missing.isEmpty() && !Files.isExecutable(PLUGINS.resolve("bridge"))
        ? "needs CNI's plugins in " + PLUGINS
        : missing;
  }

  private void configure(String ranges) throws IOException {
    Files.createDirectories(folder.resolve("net.d"));
    Files.writeString(
        folder.resolve("net.d/10-pods.conflist"),
        LIST.formatted("pods" + id, folder.resolve("given"), ranges));
  }

  private List<String> given() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("given").resolve("pods" + id))) {
      return files
          .map(each -> String.valueOf(each.getFileName()))
          .filter(each -> each.matches("(198.18|fd00).*"))
          .toList();
    }
  }

  private static String in(String namespace, String... command) throws IOException {
    List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    words.addAll(List.of(command));
    return Program.must(words);
  }

  @Test
  void podsHaveAddressesOfTheNodesRangesAndReachThoseOfTheOtherNode() throws IOException {
    configure("true");
    letsPacketsPass();
    PodPlace here = pods.place();
    PodPlace there = pods.place();
    String near = runtime.ensurePod(here);
    String far = other.ensurePod(there);
    assertThat(far).startsWith(SECOND + ".");
    List<String> all = other.reported(far);
    assertThat(all).hasSize(2).first().isEqualTo(far);
    assertThat(all.get(1)).startsWith("fd00:198:18:72::");
    assertThat(given()).containsExactlyInAnyOrderElementsOf(all);
    assertThat(in(namespace.name(), "ip", "-o", "link", "show", "type", "bridge"))
        .contains(" cni0:");
    assertThat(Links.names()).doesNotContain("cni0");
    assertThat(answers(podNamespace(id, here), far)).as("from the other node").isTrue();
    assertThat(answers(podNamespace(otherId, there), near)).as("to the other node").isTrue();
    for (String each : all) {
      assertThat(answers(namespace.name(), each)).as("from the node to " + each).isTrue();
    }
    assertThat(answers(podNamespace(otherId, there), "fd00:198:18:72::1")).isTrue();
    assertThat(in(namespace.name(), "ip", "-d", "link", "show", "cni0"))
        .contains("nf_call_iptables 1")
        .contains("nf_call_ip6tables 1");
    other.removePod(there.uid());
    assertThat(given()).isEmpty();
    assertThat(other.reported(far)).isEmpty();
  }

  /// As after a kill: nothing was closed.
  @Test
  void theNextProcessFindsPodsWithAllTheirAddressesAndWhatIsNotThereEnds() throws IOException {
    configure("true");
    PodPlace pod = pods.place();
    String address = other.ensurePod(pod);
    List<String> all = other.reported(address);
    other.close();
    other = openOther();
    assertThat(other.ensurePod(pod)).isEqualTo(address);
    assertThat(other.reported(address)).isEqualTo(all).hasSize(2);
    assertThat(answers(podNamespace(otherId, pod), SECOND + ".1")).isTrue();
    in(namespace.name(), "ip", "link", "delete", "cni0");
    for (String each : List.of(SECOND + ".77", "fd00:198:18:72::77")) {
      Program.Result result =
          Program.run(List.of("ip", "-n", namespace.name(), "route", "get", each));
      assertThat(result.output()).contains("No route to host");
    }
  }

  @Test
  void anAddressOfAnotherRangeIsRefusedAndFreed() throws IOException {
    configure("false");
    Path list = folder.resolve("net.d/10-pods.conflist");
    Files.writeString(
        list,
        Files.readString(list)
            .replace("\"ranges\": []", "\"ranges\": [[{\"subnet\": \"198.18.75.0/24\"}]]"));
    PodPlace pod = pods.place();
    assertThatThrownBy(() -> other.ensurePod(pod))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("gives address 198.18.75.2, which is not for pods of this node");
    assertThat(given()).isEmpty();
  }

  @Test
  void aNodeThatHadPodsOnHavnsNetworkTakesPluginsWhenTheyAreGone() throws IOException {
    other.close();
    other = RuncRuntime.open(settings(otherId, SECOND, uplink(), null));
    PodPlace pod = pods.place();
    other.ensurePod(pod);
    other.close();
    assertThatThrownBy(this::openOther)
        .isInstanceOf(StartException.class)
        .hasMessageContaining("pods of this node are on Havn's own network");
    other = RuncRuntime.open(settings(otherId, SECOND, uplink(), null));
    other.removePod(pod.uid());
    other.close();
    other = openOther();
    configure("true");
    PodPlace next = pods.place();
    String address = other.ensurePod(next);
    for (String each : other.reported(address)) {
      assertThat(answers(namespace.name(), each)).as(each).isTrue();
    }
    other.removePod(next.uid());
    other.close();
    in(namespace.name(), "ip", "link", "delete", "cni0");
    other = RuncRuntime.open(settings(otherId, SECOND, uplink(), null));
    PodPlace last = pods.place();
    other.ensurePod(last);
    assertThat(answers(podNamespace(otherId, last), "fd00:198:18:72::1")).isTrue();
    assertThat(in(namespace.name(), "ip", "-o", "address", "show", "dev", "hv" + otherId))
        .contains("fd00:198:18:72::1/64")
        .contains(SECOND + ".1/24");
  }
}
