// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.node.cni.CniPlaces;
import dev.havn.server.Configuration.RuntimeChoice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressRangesTest {
  @TempDir private Path folder;
  private DataDirectory directory;

  @BeforeEach
  void open() {
    directory = DataDirectory.open(folder, new Random(1));
  }

  @AfterEach
  void close() {
    directory.close();
  }

  private Configuration settle(List<Route> routes, String services, String pods) {
    Configuration wanted = Configuration.of(folder).withRanges(services, pods);
    return new AddressRanges(directory, routes).settle(wanted);
  }

  private static Route route(String range, String link) {
    return new Route(AddressRange.parse(range), link, 0);
  }

  @Test
  void whatIsChosenIsKept() {
    Configuration first = settle(List.of(), "", "");
    assertThat(first.podRange()).matches("10\\.[0-9]+\\.0\\.0/16");
    assertThat(first.serviceRange()).isNotEqualTo(first.podRange());
    assertThat(settle(List.of(), "", "")).isEqualTo(first);
  }

  @Test
  void whatOthersHaveIsNotChosen() {
    Configuration free = settle(List.of(), "", "");
    List<Route> routes = new ArrayList<>(List.of(route("192.168.0.0/16", "eth0")));
    routes.add(route(free.podRange(), "eth1"));
    routes.add(route(free.serviceRange().replace(".0.0/16", ".7.0/24"), "eth2"));
    close();
    directory = DataDirectory.open(folder.resolve("other"), new Random(1));
    Configuration chosen =
        new AddressRanges(directory, routes).settle(Configuration.of(folder.resolve("other")));
    assertThat(chosen.podRange()).isNotEqualTo(free.podRange());
    assertThat(chosen.serviceRange()).isNotEqualTo(free.serviceRange());
  }

  @Test
  void itsOwnRoutesAreNoHindrance() {
    Configuration first = settle(List.of(), "", "");
    List<Route> own =
        List.of(
            route(first.podRange(), "hv" + directory.clusterId() + "00"),
            new Route(
                AddressRange.parse(first.podRange()),
                "*",
                Long.parseLong(directory.clusterId(), 16)));
    assertThat(settle(own, "", "")).isEqualTo(first);
  }

  @Test
  void addressesThatSomebodyElseHasTakenMeanwhileAreAClearError() {
    Configuration first = settle(List.of(), "", "");
    assertThatThrownBy(() -> settle(List.of(route(first.podRange(), "tun0")), "", ""))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(first.podRange())
        .hasMessageContaining("tun0");
  }

  @Test
  void routesOfPluginsToPodsOfTheFirstNodeAreNoHindrance() {
    NetworkChoice plugged =
        new NetworkChoice(
            new CniPlaces(folder, List.of()), "", List.of(), NetworkChoice.Nodes.NAMESPACE, 0);
    Configuration wanted = Configuration.of(folder).withNetwork(plugged);
    Configuration first = new AddressRanges(directory, List.of()).settle(wanted);
    AddressRange pods = AddressRange.parse(first.podRange());
    List<Route> own =
        List.of(route(pods.ofNode(0).toString(), "cni0"), route(pods.address(7) + "/32", "veth1"));
    assertThat(new AddressRanges(directory, own).settle(wanted)).isEqualTo(first);
    assertThatThrownBy(() -> settle(own, "", "")).hasMessageContaining("cni0");
    for (AddressRange other : List.of(pods, pods.ofNode(1))) {
      List<Route> routes = List.of(route(other.toString(), "tun0"));
      assertThatThrownBy(() -> new AddressRanges(directory, routes).settle(wanted))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("tun0");
    }
  }

  @Test
  void whatIsConfiguredIsTaken() {
    Configuration chosen = settle(List.of(), "10.96.0.0/12", "172.20.0.0/20");
    assertThat(chosen.serviceRange()).isEqualTo("10.96.0.0/12");
    assertThat(chosen.podRange()).isEqualTo("172.20.0.0/20");
  }

  @Test
  void thousandsOfNodesGetALargerRange() {
    Configuration wanted =
        new Configuration(
            folder, "", 0, null, 5_000, RuntimeChoice.SIMULATED, StoreChoice.MEMORY, "", "");
    Configuration chosen = new AddressRanges(directory, List.of()).settle(wanted);
    AddressRange pods = AddressRange.parse(chosen.podRange());
    assertThat(pods.nodes()).isEqualTo(8_192);
    assertThat(AddressRange.parse("10.128.0.0/9").contains(pods)).isTrue();
    assertThat(pods.overlaps(AddressRange.parse(chosen.serviceRange()))).isFalse();
    List<Route> routes = List.of(new Route(pods, "tun0", 0));
    directory.close();
    directory = DataDirectory.open(folder.resolve("beside"), new Random(1));
    Configuration beside = new AddressRanges(directory, routes).settle(wanted);
    assertThat(AddressRange.parse(beside.podRange()).overlaps(pods)).isFalse();
  }

  @Test
  void aSecondFamilyIsChosenByTheClustersId() {
    Configuration chosen = settle(List.of(), "", "auto,auto");
    String id = directory.clusterId();
    String begin = "fd%s:%s:%s".formatted(id.substring(0, 2), id.substring(2, 6), id.substring(6));
    assertThat(chosen.pods().of(AddressFamily.IPV6))
        .contains(AddressRange.parse(begin + "00::/48"));
    assertThat(chosen.services().of(AddressFamily.IPV6))
        .contains(AddressRange.parse(begin + "01::/112"));
    assertThat(settle(List.of(), "", "")).isEqualTo(chosen);
    assertThat(settle(List.of(), "", "auto,auto")).isEqualTo(chosen);
  }

  @Test
  void aSecondFamilyIsTakenAsItIsNamed() {
    Configuration chosen =
        settle(List.of(), "10.96.0.0/16,fd00:10:96::/112", "10.244.0.0/16,fd00:0010:244::1/56");
    assertThat(chosen.serviceRange()).isEqualTo("10.96.0.0/16,fd00:10:96::/112");
    assertThat(chosen.podRange()).isEqualTo("10.244.0.0/16,fd00:10:244::/56");
  }

  @Test
  void theFirstFamilyIsTheOneThatIsNamedFirst() {
    Configuration alone = settle(List.of(), "", "fd00:10:244::/48");
    assertThat(alone.pods()).hasToString("fd00:10:244::/48");
    assertThat(alone.services().toString()).matches("fd[0-9a-f:]+01::/112");
    assertThat(settle(List.of(), "", "")).isEqualTo(alone);
    directory.close();
    directory = DataDirectory.open(folder.resolve("turned"), new Random(1));
    Configuration turned = settle(List.of(), "auto,10.96.0.0/16", "");
    assertThat(turned.services().toString()).matches("fd[0-9a-f:]+01::/112,10\\.96\\.0\\.0/16");
    assertThat(turned.pods().families()).containsExactly(AddressFamily.IPV6, AddressFamily.IPV4);
    assertThatThrownBy(() -> settle(List.of(), "", "auto,auto"))
        .hasMessageContaining("began with addresses of IPv6 and IPv4");
  }

  @Test
  void aClusterKeepsTheFamiliesItBeganWith() {
    settle(List.of(), "", "");
    assertThatThrownBy(() -> settle(List.of(), "", "auto,auto"))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("began with addresses of IPv4 only");
  }

  @Test
  void rangesOfASecondFamilyThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> settle(List.of(), "", "10.5.0.0/16,fd00::/57"))
        .hasMessageContaining("fd00::/57 has room for 128 nodes");
    assertThatThrownBy(() -> settle(List.of(), "", "10.5.0.0/16,10.6.0.0/16"))
        .hasMessageContaining("behind a comma one of IPv6");
    assertThatThrownBy(() -> settle(List.of(), "auto,fd00::/48", "10.5.0.0/16,auto"))
        .hasMessageContaining("must share 64 to 120 bits");
    assertThatThrownBy(() -> settle(List.of(), "auto,fd00::1:0/112", "10.5.0.0/16,fd00::/48"))
        .hasMessageContaining("overlap");
  }

  @Test
  void rangesThatAreNoneAreRefused() {
    assertThatThrownBy(() -> settle(List.of(), "", "10.300.0.0/16")).hasMessageContaining("10.300");
    assertThatThrownBy(() -> settle(List.of(), "", "fd00::/64x")).hasMessageContaining("IPv6");
    assertThatThrownBy(() -> settle(List.of(), "10.5.0.0/16", "fd00::/56"))
        .hasMessageContaining("pod-range is of IPv6 only and service-range of IPv4 only");
    assertThatThrownBy(() -> settle(List.of(), "", "10.5.0.0/25"))
        .hasMessageContaining("room for 0");
    assertThatThrownBy(() -> settle(List.of(), "10.4.0.0/14", "10.5.0.0/16"))
        .hasMessageContaining("overlap");
  }

  private NetworkChoice balancers(String range, String services, String pods, Route... routes) {
    Configuration wanted =
        Configuration.of(folder)
            .withRanges(services, pods)
            .withNetwork(new NetworkChoice(null, range, List.of()));
    return new AddressRanges(directory, List.of(routes)).settle(wanted).network();
  }

  @Test
  void loadBalancersHaveTheLastOfPodsUnlessARangeIsNamed() {
    NetworkChoice usual = balancers("", "10.96.0.0/16", "10.7.0.0/16");
    assertThat(usual.balancers()).isEqualTo("10.7.255.0/24");
    assertThat(usual.formerBalancers()).isEmpty();
    NetworkChoice named = balancers("192.168.99.7/24", "", "");
    assertThat(named.balancers()).isEqualTo("192.168.99.0/24");
    assertThat(named.formerBalancers()).containsExactly("10.7.255.0/24");
    NetworkChoice other = balancers("192.168.98.0/28", "", "");
    assertThat(other.formerBalancers()).containsExactly("192.168.99.0/24", "10.7.255.0/24");
    NetworkChoice back = balancers("", "", "");
    assertThat(back.balancers()).isEqualTo("10.7.255.0/24");
    assertThat(back.formerBalancers()).containsExactly("192.168.98.0/28", "192.168.99.0/24");
  }

  @Test
  void loadBalancersOfASecondFamilyMayBeNamedBesideTheFirst() {
    String services = "10.96.0.0/16,fd00:96::/112";
    String pods = "10.7.0.0/16,fd00:7::/48";
    assertThat(balancers("192.168.99.0/24", services, pods).balancers())
        .isEqualTo("192.168.99.0/24,fd00:7:0:ff::/64");
    assertThat(balancers("192.168.99.0/24,fd00:99::/112", services, pods).balancers())
        .isEqualTo("192.168.99.0/24,fd00:99::/112");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.7.9.0/24 | load-balancer-range 10.7.9.0/24 and pod-range 10.7.0.0/16 overlap",
        "10.96.0.0/24 | load-balancer-range 10.96.0.0/24 and service-range 10.96.0.0/16 overlap",
        "192.168.9.0/31 | load-balancer-range 192.168.9.0/31 must share 8 to 30 bits",
        "192.300.9.0/24 | load-balancer-range must be a range of addresses",
        "192.168.9.0/24,fd00::/64 | has addresses of IPv6, which this cluster has none of",
      })
  void aRangeThatLoadBalancersCannotHaveIsRefused(String range, String message) {
    assertThatThrownBy(() -> balancers(range, "10.96.0.0/16", "10.7.0.0/16"))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(message);
  }

  @Test
  void loadBalancersDoNotHaveWhatTheMachineLeadsElsewhere() {
    String services = "10.96.0.0/16,fd00:96::/112";
    String pods = "10.7.0.0/16,fd00:7::/48";
    Route lan = route("192.168.0.0/16", "eth0");
    assertThatThrownBy(() -> balancers("192.168.99.0/24", services, pods, lan))
        .isInstanceOf(StartException.class)
        .hasMessage(
            "load-balancer-range 192.168.99.0/24 and the route to 192.168.0.0/16 by eth0 overlap: name addresses that this machine has no route to, or take that route away");
    Route second = route("fd00:99::/96", "eth1");
    assertThatThrownBy(() -> balancers("192.168.99.0/24,fd00:99::/112", services, pods, second))
        .hasMessageContaining("load-balancer-range fd00:99::/112 and the route to fd00:99::/96");
    Route own = route("192.168.99.0/24", "hv" + directory.clusterId() + "00");
    assertThat(balancers("192.168.99.0/24", services, pods, own, second).balancers())
        .startsWith("192.168.99.0/24,");
  }

  @Test
  void theKernelsTableOfIpv6IsRead() {
    List<Route> routes =
        Route.parseSecond(
            List.of(
                "fd000099000000000000000000000000 60 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0",
                "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0",
                "fd000099000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000004 00000000 80200001     eth0",
                "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000099000000000000000000000002 00000400 00000001 00000000 00000003     eth0",
                "fd000007000000000000000000000000 30 00000000000000000000000000000000 00 00000000000000000000000000000000 12345678 00000001 00000000 00200200       lo"));
    assertThat(routes)
        .extracting(Route::toString)
        .containsExactly(
            "the route to fd00:99::/96 by eth0", "the route to fd00:7::/48 (unreachable)");
    assertThat(routes.getLast().isOf("12345678")).isTrue();
  }

  @Test
  void theKernelsTableIsRead() {
    List<Route> routes =
        Route.parse(
            List.of(
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
                "*\t0000420A\t00000000\t0201\t0\t0\t4096\t0000FFFF\t0\t0\t0"));
    assertThat(routes).hasSize(1);
    assertThat(routes.getFirst().range()).hasToString("10.66.0.0/16");
    assertThat(routes.getFirst()).hasToString("the route to 10.66.0.0/16 (unreachable)");
  }
}
