// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Names of Services and pods with addresses of both families.
class DualStackZoneTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final AddressRange OWN = AddressRange.parse("fd00:10:96::/112");

  private final ClusterZone zone =
      new ClusterZone("cluster.local", "default"::equals, address -> OWN.contains(address));

  @BeforeEach
  void fill() {
    add("web", "{clusterIP: 10.96.0.20, clusterIPs: [10.96.0.20, 'fd00:10:96::20'], ports: []}");
    add("db", "{clusterIP: None, clusterIPs: [None], ports: []}");
  }

  private void add(String name, String spec) {
    String metadata = "---\nmetadata: {name: " + name + ", namespace: default}\n";
    Service service = YAML.unmarshal(metadata + "spec: " + spec + "\n", Service.class);
    EndpointSlice first =
        YAML.unmarshal(
            metadata
                + "addressType: IPv4\nendpoints: [{addresses: [10.244.0.5], hostname: db-0}]\n",
            EndpointSlice.class);
    EndpointSlice second =
        YAML.unmarshal(
            metadata
                + "addressType: IPv6\nendpoints: [{addresses: ['fd00:10:244:0::5'], hostname: db-0},"
                + " {addresses: ['fd00:10:244::6']}]\n",
            EndpointSlice.class);
    zone.set("default", name, ServiceRecords.of(service, List.of(first, second), "cluster.local"));
  }

  private List<String> ask(String name, int type) {
    return zone.answer(name, type, _ -> List.of()).orElseThrow().answers().stream()
        .map(
            each ->
                each instanceof Resource.Address address
                    ? (address.address().length == 4 ? Family.IPV4 : Family.IPV6)
                        .text(address.address())
                    : ((Resource.Pointer) each).target())
        .sorted()
        .toList();
  }

  @Test
  void aNameHasAddressesOfBothFamilies() {
    assertThat(ask("web.default.svc.cluster.local", Resource.A)).containsExactly("10.96.0.20");
    assertThat(ask("web.default.svc.cluster.local", Resource.AAAA))
        .containsExactly("fd00:10:96::20");
    assertThat(ask("db.default.svc.cluster.local", Resource.AAAA))
        .containsExactly("fd00:10:244::5", "fd00:10:244::6");
    assertThat(ask("db-0.db.default.svc.cluster.local", Resource.AAAA))
        .containsExactly("fd00:10:244::5");
    assertThat(ask("fd00-10-244--6.db.default.svc.cluster.local", Resource.AAAA))
        .containsExactly("fd00:10:244::6");
    assertThat(ask("fd00-10-244--6.default.pod.cluster.local", Resource.AAAA))
        .containsExactly("fd00:10:244::6");
    assertThat(ask("fd00-10-244.default.pod.cluster.local", Resource.AAAA)).isEmpty();
  }

  @Test
  void anAddressLeadsBackToItsName() {
    String services = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa";
    assertThat(ask("0.2.0.0." + services, Resource.PTR))
        .containsExactly("web.default.svc.cluster.local");
    String pods = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa";
    assertThat(ask("5.0.0.0." + pods, Resource.PTR))
        .containsExactly("db-0.db.default.svc.cluster.local");
    Optional<Answer> own = zone.answer("1.2.0.0." + services, Resource.PTR, _ -> List.of());
    assertThat(own.orElseThrow().code()).isEqualTo(Answer.NAME_ERROR);
    assertThat(zone.answer("9.9.0.0." + pods, Resource.PTR, _ -> List.of())).isEmpty();
    assertThat(zone.answer("6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", Resource.PTR, _ -> List.of()))
        .isEmpty();
  }
}
