// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.Ranges;
import dev.havn.node.cni.CniNodes;
import dev.havn.node.cni.CniPlaces;
import dev.havn.node.cni.Neighbours;
import dev.havn.node.cni.Sandbox;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.ContainerRuntime.Wishes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// runc's pods on the network of Debian's plugins: `bridge` with `host-local`, and `portmap`.
class PluggedRuntimeTest extends RuntimeFixture {
  private static final Path PLUGINS = Path.of("/usr/lib/cni");
  private static final int PORT = 28_453;

  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "%1$s", "plugins": [
        {"type": "bridge", "bridge": "%1$s", "isGateway": true, "hairpinMode": true,
         "ipam": {"type": "host-local", "dataDir": "%2$s", "routes": [{"dst": "0.0.0.0/0"}],
                  "ranges": [[{"subnet": "198.18.71.0/29"}]]}},
        {"type": "portmap", "capabilities": {"portMappings": true}}]}
      """;

  /// In a link's name.
  private String bridge() {
    return "ct" + id;
  }

  private Path configuration() {
    return folder.resolve("net.d/10-pods.conflist");
  }

  private Path addresses() {
    return folder.resolve("given").resolve(bridge());
  }

  @Override
  ContainerRuntime open() {
    return open(new CniPlaces(folder.resolve("net.d"), List.of(folder.resolve("bin"), PLUGINS)));
  }

  private ContainerRuntime open(CniPlaces places) {
    return RuncRuntime.open(
        new RuncRuntime.Settings(
            OciProgram.RUNC,
            folder.resolve("runtime"),
            id,
            Ranges.parse("198.18.63.0/24"),
            Ranges.parse("198.18.63.0/24").all(),
            "198.18.64.1",
            MTU_BYTES,
            -1,
            null,
            images,
            CLOCK,
            executor,
            new CniNodes(places, Neighbours.of(folder.resolve("nodes"), id.cluster()), false)));
  }

  @Override
  String missing() {
    String missing = missingOfRunc("iptables", "busybox");
    return missing.isEmpty() && !Files.isExecutable(PLUGINS.resolve("bridge"))
        ? "needs CNI's plugins in " + PLUGINS
        : missing;
  }

  private void configure() throws IOException {
    Files.createDirectories(folder.resolve("net.d"));
    Files.writeString(configuration(), LIST.formatted(bridge(), folder.resolve("given")));
  }

  /// With a plugin of the test in place of the last one.
  private void configureWith(String plugin, String script) throws IOException {
    configure();
    Files.writeString(
        configuration(), Files.readString(configuration()).replace("portmap", plugin));
    Path program = Files.createDirectories(folder.resolve("bin")).resolve(plugin);
    Files.writeString(program, script);
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  @AfterEach
  void removesTheBridge() throws IOException {
    if (Links.names().contains(bridge())) {
      Program.must(List.of("ip", "link", "delete", bridge()));
    }
  }

  private List<String> given() throws IOException {
    try (Stream<Path> files = Files.list(addresses())) {
      return files
          .map(each -> String.valueOf(each.getFileName()))
          .filter(each -> each.startsWith("198.18."))
          .toList();
    }
  }

  private PodPlace wishing(Wishes wishes) {
    PodPlace pod = pods.place();
    return TestPods.with(pod, wishes, pod.handler());
  }

  private ContainerRuntime.Container serve(PodPlace pod, String says) {
    return start(
        pod, pods.spec("web").shell("while :; do echo " + says + " | nc -l -p 8080; done"));
  }

  /// What it says once it listens.
  private static String ask(String address, int port) {
    return TestPods.await(
        () -> {
          try {
            Program.Result said =
                Program.run(List.of("busybox", "nc", "-w", "2", address, "" + port));
            return said.ok() ? said.output() : "";
          } catch (IOException e) {
            return "";
          }
        },
        each -> !each.isEmpty());
  }

  @Test
  void podsGetAddressesOfThePluginReachEachOtherAndFreeThem() throws IOException {
    configure();
    PodPlace one = pods.place();
    PodPlace other = pods.place();
    serve(one, "one");
    ContainerRuntime.Container there = serve(other, "other");
    String address = runtime.address(one.uid()).orElseThrow();
    assertThat(address).startsWith("198.18.71.");
    assertThat(runtime.ensurePod(one)).isEqualTo(address);
    assertThat(ask(address, 8080)).isEqualTo("one");
    // Nobody listens for a moment after each answer.
    String again = "until nc -w 2 %s 8080 2>/dev/null; do sleep 0.1; done".formatted(address);
    assertThat(exec(other, there, "", "sh", "-c", again)).isEqualTo("one\n0");
    assertThat(given()).hasSize(2).contains(address);
    assertThat(Program.must(List.of("ip", "-d", "link", "show", bridge())))
        .contains("nf_call_iptables 1");
    runtime.removePod(one.uid());
    assertThat(given()).hasSize(1).doesNotContain(address);
    assertThat(runtime.pods()).containsExactly(other.uid());
  }

  @Test
  void aHostPortLeadsToItsPodByThePlugin() throws IOException {
    configure();
    PodPlace pod =
        wishing(
            new Wishes(
                List.of(new Sandbox.Port("TCP", PORT, 8080, "")),
                Map.of(),
                () -> Sandbox.Dns.NONE));
    serve(pod, "mapped");
    assertThat(ask("198.18.63.1", PORT)).isEqualTo("mapped");
    runtime.removePod(pod.uid());
    assertThat(Program.must(List.of("iptables-save", "-t", "nat"))).doesNotContain("" + PORT);
  }

  /// As after a kill: nothing was closed, and the configuration may be another by then.
  @Test
  void aNextRuntimeKeepsWhatTheFirstHasMade() throws IOException {
    configure();
    PodPlace pod = pods.place();
    ContainerRuntime.Container web = serve(pod, "kept");
    String address = runtime.ensurePod(pod);
    runtime = open();
    assertThat(runtime.ensurePod(pod)).isEqualTo(address);
    assertThat(ask(address, 8080)).isEqualTo("kept");
    assertThat(find(pod, "web", 0).id()).isEqualTo(web.id());
    Files.delete(configuration());
    runtime = open();
    assertThat(runtime.address(pod.uid())).contains(address);
    runtime.removePod(pod.uid());
    assertThat(given()).isEmpty();
  }

  @Test
  void withoutAConfigurationNothingStartsAndTheNodeSaysWhy() throws IOException {
    String why =
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
    assertThat(runtime.problems()).containsExactly(why);
    PodPlace pod = pods.place();
    assertThatThrownBy(() -> runtime.ensurePod(pod))
        .isInstanceOf(StartException.class)
        .hasMessage("network is not ready: " + why)
        .satisfies(e -> assertThat(((StartException) e).reason()).isEqualTo("NetworkNotReady"));
    configure();
    assertThat(runtime.problems()).isEmpty();
    assertThat(runtime.ensurePod(pod)).startsWith("198.18.71.");
  }

  @Test
  void aPluginThatFailsIsToldAndTriedAgain() throws IOException {
    configureWith(
        "flaky",
        "#!/bin/sh\n[ $CNI_COMMAND != ADD ] || { echo '{\"msg\": \"not now\"}'; exit 1; }\n");
    PodPlace pod = pods.place();
    assertThatThrownBy(() -> runtime.ensurePod(pod))
        .isInstanceOf(StartException.class)
        .hasMessage(
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"%s\": plugin type=\"flaky\" failed (add): not now"
                .formatted(pod.uid()))
        .satisfies(
            e -> assertThat(((StartException) e).reason()).isEqualTo("FailedCreatePodSandBox"));
    assertThat(given()).isEmpty();
    configure();
    assertThat(runtime.ensurePod(pod)).startsWith("198.18.71.");
  }

  /// What a plugin does not take back stays in mind, with its pod.
  @Test
  void aPodStaysUntilItsPluginLetsGo() throws IOException {
    configureWith(
        "holding",
        """
        #!/bin/sh
        case $CNI_COMMAND in
          ADD) echo '{"cniVersion": "1.0.0", "ips": [{"address": "198.18.71.6/29"}]}';;
          DEL) [ -e %s ];;
        esac
        """
            .formatted(folder.resolve("free")));
    PodPlace pod = pods.place();
    runtime.ensurePod(pod);
    assertThatThrownBy(() -> runtime.removePod(pod.uid()))
        .isInstanceOf(StartException.class)
        .hasMessage(
            "error killing pod: failed to \"KillPodSandbox\" for \"%1$s\" with KillPodSandboxError: \"rpc error: code = Unknown desc = failed to destroy network for sandbox \\\"%1$s\\\": plugin type=\\\"holding\\\" failed (delete): netplugin failed with no error message: exit status 1\""
                .formatted(pod.uid()))
        .satisfies(e -> assertThat(((StartException) e).reason()).isEqualTo("FailedKillPod"));
    assertThat(runtime.pods()).containsExactly(pod.uid());
    assertThat(given()).hasSize(1);
    Files.createFile(folder.resolve("free"));
    runtime.removePod(pod.uid());
    assertThat(runtime.pods()).isEmpty();
    assertThat(given()).isEmpty();
  }

  @Test
  void nothingIsLeftInTheEnd() throws IOException {
    configure();
    serve(pods.place(), "gone");
    runtime.removeAll();
    assertThat(given()).isEmpty();
    TestPods.await(this::left, List::isEmpty);
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    Links.names().stream()
        .filter(each -> each.contains(id.toString()) && !each.equals(bridge()))
        .forEach(left::add);
    try (Stream<Path> files = Files.list(Path.of("/run/netns"))) {
      files.map(Path::toString).filter(each -> each.contains(id.toString())).forEach(left::add);
    }
    return left;
  }
}
