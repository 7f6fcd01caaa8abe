// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A start that something is in the way of says so and lets go of everything.
class FailedStartTest {
  @TempDir private Path folder;

  private Configuration at(String bind, int port) {
    Configuration plain = Configuration.of(folder);
    return new Configuration(
        folder,
        bind,
        port,
        null,
        1,
        Configuration.RuntimeChoice.SIMULATED,
        StoreChoice.MEMORY,
        plain.serviceRange(),
        plain.podRange());
  }

  /// With a runtime that is none of the socket in its kubelet configuration.
  private Configuration withSocket(String ranges) throws IOException {
    Path kubelet =
        Files.writeString(
            folder.resolve("kubelet.yaml"),
            """
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            containerRuntimeEndpoint: unix:///run/crio/crio.sock
            """);
    Path file =
        Files.writeString(
            folder.resolve("havn.yaml"), "kubelet-config: %s\n%s".formatted(kubelet, ranges));
    return ConfigurationFile.read(file, at("127.0.0.1", 0));
  }

  @Test
  void aSocketOfARuntimeThatIsNotAskedForIsRefused() {
    assertThatThrownBy(() -> Havn.start(withSocket("")))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("containerRuntimeEndpoint /run/crio/crio.sock")
        .hasMessageContaining("--runtime containerd")
        .hasMessageContaining("instead of simulated");
  }

  @Test
  void pluginsOfSeveralNodesAreRefusedWhereNodesShareANetwork() throws IOException {
    assumeTrue(RuntimeKind.RUNC.missing().isEmpty(), "needs runc");
    Path file =
        Files.writeString(
            folder.resolve("havn.yaml"),
            "runtime: runc\nnodes: 2\nnode-network: bridge\ncni-conf-dir: /nowhere\n");
    Configuration asked = ConfigurationFile.read(file, at("127.0.0.1", 0));
    assertThatThrownBy(() -> Havn.start(asked))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("with cni-conf-dir several nodes need network namespaces")
        .hasMessageContaining("--nodes 1 instead of 2");
  }

  /// Else its families of addresses could not be chosen any more.
  @Test
  void aFirstStartThatFailedHasChosenNoAddresses() {
    assertThatThrownBy(
            () -> Havn.start(withSocket("pod-range: auto,auto\nservice-range: auto,auto\n")))
        .isInstanceOf(StartException.class);
    assertThat(folder.resolve(AddressRanges.FILE)).doesNotExist();
  }

  @Test
  void aStartThatFailedKeepsTheAddressesOfAnEarlierOne() throws IOException {
    try (Havn first = Havn.start(at("127.0.0.1", 0))) {
      first.awaitReady();
    }
    String chosen = Files.readString(folder.resolve(AddressRanges.FILE));
    assertThatThrownBy(() -> Havn.start(withSocket(""))).isInstanceOf(StartException.class);
    assertThat(folder.resolve(AddressRanges.FILE)).hasContent(chosen);
  }

  @Test
  void aPortInUseIsNamedAndTheDirectoryIsFreeAgain() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> Havn.start(at("127.0.0.1", taken.getLocalPort())))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
          .hasMessageContaining("--port");
    }
    assertThat(DataDirectory.isInUse(folder)).isFalse();
  }

  @Test
  void anAddressThatIsNotThisMachinesIsNamed() {
    assertThatThrownBy(() -> Havn.start(at("203.0.113.9", 0)))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("203.0.113.9")
        .hasMessageContaining("--bind");
    assertThat(DataDirectory.isInUse(folder)).isFalse();
  }
}
