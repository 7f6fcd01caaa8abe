// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Which nodes of a server have a network namespace of their own: all but the first, save where a
/// node has a bridge in the machine's already, or where no namespace can be made.
@Timeout(240)
class NodePlacesTest {
  @TempDir private Path folder;

  @BeforeEach
  void needsPrograms() {
    List<String> missing = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      missing.add("root");
    }
    for (String program : List.of("runc", "conmon", "nft", "ip", "nsenter", "curl")) {
      if (Command.onPath(program).isEmpty()) {
        missing.add(program);
      }
    }
    if (!missing.isEmpty()) {
      System.out.println("skipped: places of nodes need " + missing);
    }
    Assumptions.assumeTrue(missing.isEmpty(), "needs " + missing);
  }

  private static String run(String... words) {
    return Command.run(Map.of(), List.of(words)).output();
  }

  private static String id(HavnProcess server) throws IOException {
    return Files.readString(server.data().resolve("cluster-id")).strip();
  }

  private static boolean isApart(String id) {
    return run("ip", "netns", "list").lines().anyMatch(each -> each.split(" ")[0].equals(id));
  }

  private static boolean isBridge(String id) {
    return run("ip", "-o", "link", "show", "type", "bridge").contains(" " + id + ":");
  }

  private static List<String> problems(HavnProcess server) {
    return StreamSupport.stream(server.status().path("problems").spliterator(), false)
        .map(JsonNode::asText)
        .toList();
  }

  /// The node's own API answers at its address and the usual port.
  private static void answers(HavnProcess server, String node) {
    try (KubernetesClient client = server.client()) {
      Node found = client.nodes().withName(node).get();
      String address = found.getStatus().getAddresses().getFirst().getAddress();
      HavnProcess.await(
          node + " at " + address,
          () -> run("curl", "-sk", "-m", "5", "https://" + address + ":10250").contains("Unauth"));
    }
  }

  private static void leavesNothing(String id) {
    assertThat(run("ip", "netns", "list")).doesNotContain("hv" + id);
    assertThat(run("ip", "-o", "link")).doesNotContain("hv" + id);
    assertThat(run("ip", "route", "show", "table", "all")).doesNotContain("hv" + id);
    assertThat(run("nft", "list", "tables")).doesNotContain("havn-" + id);
  }

  @Test
  void aNodeKeepsTheNetworkItHasUntilItIsTakenDown() throws IOException {
    Path configuration =
        Files.writeString(folder.resolve("havn.yaml"), "node-network: bridge\nnodes: 2\n");
    try (HavnProcess server =
        HavnProcess.real(folder, "data", "--config", configuration.toString())) {
      String second = "hv" + id(server) + "01";
      assertThat(isBridge(second)).isTrue();
      assertThat(isApart(second)).isFalse();
      Files.writeString(configuration, "nodes: 2\n");
      server.kill();
      server.up();
      assertThat(isBridge(second)).as("after a kill").isTrue();
      assertThat(isApart(second)).as("after a kill").isFalse();
      server.run("down").succeeded();
      server.up();
      assertThat(isApart(second)).as("after havn down").isTrue();
      assertThat(isBridge(second)).as("after havn down").isFalse();
      assertThat(problems(server)).noneMatch(each -> each.startsWith("node 1"));
      anotherServerHasItsOwn(server);
      assertThat(isApart(second)).as("beside another").isTrue();
      server.restart().onExit().join();
      assertThat(isApart(second)).as("after havn restart").isTrue();
      answers(server, "havn-1");
      server.run("down").succeeded();
      leavesNothing(id(server));
    }
  }

  private void anotherServerHasItsOwn(HavnProcess server) throws IOException {
    String id;
    try (HavnProcess other = HavnProcess.real(folder, "other", "--nodes", "2")) {
      id = id(other);
      assertThat(isApart("hv" + id + "01")).isTrue();
      answers(other, "havn-1");
      answers(server, "havn-1");
      other.kill();
      other.run("down").succeeded();
      leavesNothing(id);
    }
  }

  /// A node that is alone has another name than the first one of several.
  @Test
  void aServerHasMoreOrFewerNodesAtItsNextStart() throws IOException {
    startsWith("havn");
    startsWith("havn-0", "--nodes", "2");
    startsWith("havn");
  }

  private void startsWith(String first, String... more) throws IOException {
    HavnProcess server = HavnProcess.up(folder, "data", more);
    try (KubernetesClient client = server.client()) {
      List<String> names =
          client.nodes().list().getItems().stream()
              .filter(each -> each.getSpec().getPodCIDR().endsWith(".0.0/24"))
              .map(each -> each.getMetadata().getName())
              .toList();
      assertThat(names).containsExactly(first);
    } finally {
      server.run("down").succeeded();
    }
  }

  @Test
  void whereNoNamespaceCanBeMadeANodeSharesTheMachinesNetwork() throws IOException {
    String id = "%08x".formatted(ProcessHandle.current().pid());
    Path data = Files.createDirectory(folder.resolve("data"));
    Files.writeString(data.resolve("format"), "1\n");
    Files.writeString(data.resolve("cluster-id"), id + "\n");
    // Neither a namespace nor anything that could be taken away to make one.
    Path held = Path.of("/run/netns", "hv" + id + "01");
    Files.createDirectories(held.resolve("held"));
    try (HavnProcess server = HavnProcess.real(folder, "data", "--nodes", "2")) {
      assertThat(isBridge("hv" + id + "01")).isTrue();
      assertThat(problems(server))
          .anyMatch(each -> each.startsWith("node 1 shares the machine's network, no"));
      answers(server, "havn-1");
      server.kill();
      server.run("down").succeeded();
    } finally {
      Files.delete(held.resolve("held"));
      Files.delete(held);
    }
    leavesNothing(id);
  }
}
