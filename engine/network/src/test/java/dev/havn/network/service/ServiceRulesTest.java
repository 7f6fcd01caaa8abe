// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ServiceRulesTest {
  static List<String> all() {
    return GoldenServices.ALL;
  }

  private static Family family(String name) {
    return name.equals("six") ? Family.IPV6 : Family.IPV4;
  }

  /// With `-Dhavn.golden=FOLDER` the files are written there instead.
  @ParameterizedTest
  @MethodSource("all")
  void aServiceMeansWhatItsFileSays(String name) throws Exception {
    String actual = GoldenServices.text(GoldenServices.read(name).rules(family(name)).rules());
    String folder = System.getProperty("havn.golden");
    if (folder != null) {
      Files.writeString(Path.of(folder, name + ".output.txt"), actual);
    }
    assertThat(actual).isEqualTo(GoldenServices.text(name + ".output.txt"));
  }

  @Test
  void datagramsAreFollowedByTheAddressesThatTheyAreSentTo() throws Exception {
    ServiceRules rules = GoldenServices.read("cluster").rules();
    assertThat(rules.datagrams())
        .containsOnlyKeys(
            new ServiceRules.Flow("10.96.0.20", 5_004),
            new ServiceRules.Flow("192.0.2.80", 5_004),
            new ServiceRules.Flow("10.244.0.1", 30_504),
            new ServiceRules.Flow("10.244.1.1", 30_504));
    assertThat(rules.datagrams().values()).containsOnly(new TreeSet<>());
  }

  @Test
  void healthIsTheNumberOfANodesOwnEndpoints() throws Exception {
    assertThat(GoldenServices.read("local").rules().health())
        .contains(
            new ServiceRules.Health(
                "shop", "web", 32_000, Map.of("10.244.0.1", 1, "10.244.1.1", 0)));
  }

  @Test
  void headlessAndExternalServicesLeadNoPackets() throws Exception {
    GoldenServices headless = GoldenServices.read("cluster");
    headless.service().getSpec().setClusterIP("None");
    assertThat(headless.rules().rules()).isEqualTo(Rules.NONE);
    GoldenServices external = GoldenServices.read("cluster");
    external.service().getSpec().setType("ExternalName");
    assertThat(external.rules().rules()).isEqualTo(Rules.NONE);
  }

  /// The API takes such slices.
  @Test
  void endpointsToWhichNoPacketMayBeLedAreLeftOut() throws Exception {
    GoldenServices golden = GoldenServices.read("local");
    EndpointSlice slice = golden.slices().getFirst();
    slice.getPorts().getFirst().setPort(70_000);
    assertThat(GoldenServices.text(golden.rules().rules())).doesNotContain("70000");
    slice.getPorts().getFirst().setPort(8_080);
    for (String address : List.of("127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "x")) {
      slice.getEndpoints().getFirst().setAddresses(List.of(address));
      assertThat(GoldenServices.text(golden.rules().rules())).doesNotContain(address);
    }
  }

  @Test
  void anAddressThatTheClusterGivesIsNobodysExternalAddress() throws Exception {
    GoldenServices golden = GoldenServices.read("local");
    golden.service().getSpec().setExternalIPs(List.of("10.96.0.10", "192.0.2.80", "x"));
    assertThat(GoldenServices.text(golden.rules().rules()))
        .contains("services { 192.0.2.80 . tcp . 80 ")
        .doesNotContain("10.96.0.10 ")
        .doesNotContain("x . tcp");
  }
}
