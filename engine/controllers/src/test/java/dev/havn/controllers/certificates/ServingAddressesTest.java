// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServingAddressesTest {
  private static final List<Service> SERVICES =
      List.of(
          new ServiceBuilder()
              .withNewSpec()
              .withClusterIPs("10.96.0.1", "fd00:10:96::1", "None")
              .endSpec()
              .build());

  private static Node node(String name, String host, String... addresses) {
    NodeBuilder node =
        new NodeBuilder()
            .withNewMetadata()
            .withName(name)
            .addToAnnotations("havn.dev/host", host)
            .endMetadata();
    for (String each : addresses) {
      node =
          node.editOrNewStatus()
              .addNewAddress()
              .withType("InternalIP")
              .withAddress(each)
              .endAddress()
              .endStatus();
    }
    return node.build();
  }

  /// Node `far` says that everything is its own.
  private static final List<Node> NODES =
      List.of(
          node("havn", "192.0.2.1", "10.244.0.1"),
          node(
              "far",
              "192.0.2.2",
              "192.0.2.2",
              "192.0.2.1",
              "10.244.0.1",
              "10.96.0.1",
              "127.0.0.1",
              "169.254.1.1",
              "0.0.0.0",
              "2001:db8::2",
              "2001:db8:0:0:0:0:0:3",
              "fd00:10:96:0::1",
              "nowhere"));

  private static boolean areOwn(List<String> names, List<String> addresses) {
    return ServingAddresses.areOwn(
        new CertificateSigner.Asked(
            List.of("system:nodes"), "system:node:far", names, addresses, List.of(), List.of()),
        NODES,
        SERVICES);
  }

  @Test
  void aNodeHasACertificateForItsOwnAddress() {
    assertThat(areOwn(List.of(), List.of("192.0.2.2"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2001:db8::2", "2001:db8:0:0:0:0:0:2", "2001:db8::3"})
  void howeverItIsSpelt(String address) {
    assertThat(areOwn(List.of(), List.of(address))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "192.0.2.1",
        "10.244.0.1",
        "10.96.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "fd00:10:96::1",
        "fd00:10:96:0:0:0:0:1",
        "192.0.2.3"
      })
  void noneForWhatIsAnothersOrNear(String address) {
    assertThat(areOwn(List.of(), List.of("192.0.2.2", address))).isFalse();
  }

  @Test
  void noneForNamesNorForNothing() {
    assertThat(areOwn(List.of("kubernetes"), List.of("192.0.2.2"))).isFalse();
    assertThat(areOwn(List.of(), List.of())).isFalse();
  }
}
