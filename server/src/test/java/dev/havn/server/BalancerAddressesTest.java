// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Which addresses Services of type LoadBalancer get of a range that has two, and what those are
/// told that get none.
class BalancerAddressesTest {
  private static final String FAILED =
      "Error syncing load balancer: failed to ensure load balancer: ";
  private static final String FULL =
      FAILED
          + "all 2 addresses of load-balancer-range 192.0.2.0/30 are taken: delete a Service of type LoadBalancer, or begin with a larger range (load-balancer-range in the file of `havn up --config`)";

  private EmbeddedCluster cluster;
  private NetworkOfCluster network;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    network = new NetworkOfCluster(cluster, "192.0.2.0/30");
    cluster.settle();
  }

  @AfterEach
  void close() {
    network.close();
    cluster.close();
  }

  private void make(String name, String wanted) {
    cluster
        .client()
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withNamespace("default")
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withType("LoadBalancer")
                .withLoadBalancerIP(wanted.isEmpty() ? null : wanted)
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
    cluster.settle();
  }

  private void ask(String name, String wanted) {
    cluster
        .client()
        .services()
        .inNamespace("default")
        .withName(name)
        .edit(
            each ->
                new ServiceBuilder(each).editSpec().withLoadBalancerIP(wanted).endSpec().build());
    cluster.settle();
  }

  /// Empty for none.
  private String address(String name) {
    Service service = cluster.client().services().inNamespace("default").withName(name).get();
    return service.getStatus().getLoadBalancer().getIngress().stream()
        .map(each -> each.getIp())
        .findFirst()
        .orElse("");
  }

  private List<Event> events(String name) {
    return cluster.client().v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getInvolvedObject().getName().equals(name))
        .filter(each -> each.getInvolvedObject().getKind().equals("Service"))
        .toList();
  }

  private List<Event> warnings(String name) {
    return events(name).stream().filter(each -> each.getType().equals("Warning")).toList();
  }

  private List<String> told(String name) {
    return events(name).stream()
        .map(
            each ->
                "%s %s from %s: %s"
                    .formatted(
                        each.getType(),
                        each.getReason(),
                        each.getSource().getComponent(),
                        each.getMessage()))
        .toList();
  }

  private void isTold(String name, String message) {
    assertThat(address(name)).isEmpty();
    assertThat(warnings(name))
        .singleElement()
        .matches(each -> each.getReason().equals("SyncLoadBalancerFailed"))
        .matches(each -> each.getSource().getComponent().equals("service-controller"))
        .extracting(Event::getMessage)
        .isEqualTo(message);
  }

  private void delete(String name) {
    cluster.client().services().inNamespace("default").withName(name).delete();
    cluster.settle();
  }

  @Test
  void whoFindsNoAddressIsToldAndGetsTheOneThatBecomesFree() {
    make("a", "");
    make("b", "");
    make("c", "");
    make("d", "");
    assertThat(List.of(address("a"), address("b"))).containsExactly("192.0.2.1", "192.0.2.2");
    isTold("c", FULL);
    isTold("d", FULL);
    delete("a");
    assertThat(address("c")).as("the first who waited").isEqualTo("192.0.2.1");
    assertThat(address("d")).isEmpty();
    cluster
        .client()
        .services()
        .inNamespace("default")
        .withName("b")
        .edit(each -> new ServiceBuilder(each).editSpec().withType("ClusterIP").endSpec().build());
    cluster.settle();
    assertThat(address("b")).isEmpty();
    assertThat(address("d")).isEqualTo("192.0.2.2");
  }

  @Test
  void whoAsksForTheAddressOfAnotherWaitsForIt() {
    make("a", "192.0.2.2");
    make("b", "192.0.2.2");
    isTold(
        "b",
        FAILED
            + "loadBalancerIP 192.0.2.2 is another Service's: ask for another address of load-balancer-range 192.0.2.0/30, or for none");
    delete("a");
    assertThat(address("b")).isEqualTo("192.0.2.2");
  }

  @Test
  void whoAsksForAnAddressThatIsNoneOfTheRangeGetsNoOther() {
    for (String wanted : List.of("198.51.100.7", "fd00::7", "shop.example")) {
      make("a", wanted);
      isTold(
          "a",
          FAILED
              + "loadBalancerIP '%s' is none of load-balancer-range 192.0.2.0/30: ask for one of these addresses, or for none"
                  .formatted(wanted));
      ask("a", "192.0.2.1");
      assertThat(address("a")).isEqualTo("192.0.2.1");
      delete("a");
      cluster.client().v1().events().inNamespace("default").delete();
    }
  }

  @Test
  void whoAsksForAnotherAddressLaterGetsItOrKeepsWhatItHas() {
    make("a", "");
    make("b", "");
    ask("a", "192.0.2.2");
    assertThat(address("a")).isEqualTo("192.0.2.1");
    assertThat(warnings("a")).hasSize(1);
    delete("b");
    assertThat(address("a")).isEqualTo("192.0.2.2");
    make("c", "");
    assertThat(address("c")).isEqualTo("192.0.2.1");
  }

  @Test
  void whoGetsAnAddressIsToldSoAsByAControllerOfACloud() {
    make("a", "");
    assertThat(told("a"))
        .containsExactlyInAnyOrder(
            "Normal EnsuringLoadBalancer from service-controller: Ensuring load balancer",
            "Normal EnsuredLoadBalancer from service-controller: Ensured load balancer");
  }
}
