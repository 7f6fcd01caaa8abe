// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.network.policy.Policies;
import dev.havn.network.policy.Policies.Verdict;
import dev.havn.network.policy.PoliciesTest;
import dev.havn.network.service.GoldenServices;
import dev.havn.network.service.Place;
import io.fabric8.kubernetes.api.model.Service;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The pods are those of the policies' tests: web at 10.244.0.5 on node a, db at 10.244.1.5 on node
/// b.
class ServiceConnectionTest {
  private static final Place NOWHERE = new Place("", "", "", "");
  private static final Policies FREE = PoliciesTest.world();
  private static final Policies DB_IS_CLOSED =
      PoliciesTest.world("{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}");

  private static GoldenServices golden(String name) throws IOException {
    GoldenServices golden = GoldenServices.read(name);
    golden
        .slices()
        .forEach(
            each ->
                each.getMetadata()
                    .setLabels(
                        Map.of(
                            "kubernetes.io/service-name",
                            golden.service().getMetadata().getName())));
    return golden;
  }

  private static Verdict decide(GoldenServices golden, int port, Policies world, Place sender) {
    return at("", golden, port, world, sender);
  }

  private static Verdict at(
      String address, GoldenServices golden, int port, Policies world, Place sender) {
    return new ServiceConnection(golden.service(), golden.slices(), address, "tcp", port)
        .decide(world, world.party("10.244.0.6"), sender);
  }

  @Test
  void aServiceIsFoundByItsNameAndByItsAddresses() throws Exception {
    Service service = GoldenServices.read("local").service();
    List<Service> all = List.of(service);
    for (String who :
        List.of("service/web", "svc/web", "shop/service/web", "10.96.0.20", "10.244.255.1")) {
      assertThat(ServiceConnection.find(who, "shop", all)).as(who).contains(service);
    }
    for (String who : List.of("web", "shop/web", "10.96.0.21", "a/b/service/web")) {
      assertThat(ServiceConnection.find(who, "shop", all)).as(who).isEqualTo(Optional.empty());
    }
    assertThatThrownBy(() -> ServiceConnection.find("service/web", "other", all))
        .hasMessage("there is no Service web in namespace other");
  }

  @Test
  void itIsLedToEndpointsAndPoliciesDecideThere() throws Exception {
    GoldenServices shared = golden("shared");
    assertThat(decide(shared, 80, FREE, NOWHERE))
        .isEqualTo(
            new Verdict(
                true,
                "Service shop/web leads port 80/tcp to"
                    + " 10.244.0.5:8080: egress of other/spy is not restricted by any NetworkPolicy;"
                    + " ingress of shop/web is not restricted by any NetworkPolicy"
                    + " | 10.244.1.5:8080: egress of other/spy is not restricted by any NetworkPolicy;"
                    + " ingress of shop/db is not restricted by any NetworkPolicy"));
    assertThat(decide(shared, 80, DB_IS_CLOSED, NOWHERE))
        .isEqualTo(
            new Verdict(
                false,
                "Service shop/web leads port 80/tcp to one of 2 endpoints, of which 1 cannot be reached:"
                    + " 10.244.1.5:8080: ingress of shop/db is allowed by no rule of NetworkPolicy shop/p1"));
    shared
        .slices()
        .getFirst()
        .setEndpoints(shared.slices().getFirst().getEndpoints().subList(1, 2));
    assertThat(decide(shared, 80, DB_IS_CLOSED, NOWHERE).reason())
        .startsWith("Service shop/web leads port 80/tcp to 10.244.1.5:8080: ingress of shop/db");
  }

  @Test
  void whoIsOnANodeIsLedAsFromThere() throws Exception {
    GoldenServices near = golden("near");
    assertThat(decide(near, 80, FREE, new Place("b", "", "", "y")).reason())
        .contains(" to 10.244.1.5:8080: ")
        .doesNotContain("10.244.0.5:8080");
    assertThat(decide(near, 80, FREE, NOWHERE).reason())
        .contains("10.244.0.5:8080", "10.244.1.5:8080");
    GoldenServices local = golden("local");
    assertThat(decide(local, 80, FREE, new Place("b", "", "", "y")))
        .isEqualTo(
            new Verdict(false, "Service shop/web has no endpoint for port 80/tcp that is ready"));
  }

  @Test
  void whatLeadsNowhereIsSaid() throws Exception {
    assertThat(decide(golden("shared"), 81, FREE, NOWHERE))
        .isEqualTo(new Verdict(false, "Service shop/web has no port 81/tcp, so it is refused"));
    assertThat(at("10.244.255.1", golden("local"), 80, FREE, NOWHERE))
        .isEqualTo(
            new Verdict(
                false, "other/spy is in none of the loadBalancerSourceRanges of Service shop/web"));
    GoldenServices external = golden("shared");
    external.service().getSpec().setType("ExternalName");
    external.service().getSpec().setExternalName("db.example.com");
    assertThatThrownBy(() -> decide(external, 80, FREE, NOWHERE))
        .hasMessage("Service shop/web is another name of db.example.com: ask for that");
  }

  @Test
  void namesOfHeadlessServicesAreTheirEndpoints() throws Exception {
    GoldenServices headless = golden("shared");
    headless.service().getSpec().setClusterIP("None");
    assertThat(decide(headless, 8_080, DB_IS_CLOSED, NOWHERE).reason())
        .contains("of which 1 cannot be reached: 10.244.1.5:8080: ingress of shop/db");
    assertThat(ServiceConnection.find("10.96.0.20", "shop", List.of(headless.service()))).isEmpty();
  }
}
