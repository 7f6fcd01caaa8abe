// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// IPAddresses go with the Services whose they are.
class ServiceAddressesTest {
  private static final String SERVICES = "/api/v1/namespaces/default/services";
  private static final String ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses";
  private static final String RANGES = "/apis/networking.k8s.io/v1/servicecidrs";

  private final TestApi api = new TestApi();
  private final VirtualTime time = api.time;

  private TestApi.Answer service(String name, String address) {
    return api.post(SERVICES, text(name, address));
  }

  private static String text(String name, String address) {
    return "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"ports\":[{\"port\":80}],\"clusterIP\":\"%s\"}}"
        .formatted(name, address);
  }

  private List<String> addresses() {
    List<String> names = new ArrayList<>();
    api.get(ADDRESSES)
        .json()
        .path("items")
        .forEach(each -> names.add(each.at("/metadata/name").asText()));
    return names;
  }

  private void range(String name, String cidr, boolean ready) {
    api.post(
        RANGES,
        "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"cidrs\":[\"%s\"]}}".formatted(name, cidr));
    if (ready) {
      String condition =
          "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"\",\"message\":\"m\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]}}";
      assertThat(api.patch("merge-patch+json", RANGES + "/" + name + "/status", condition).status())
          .isEqualTo(200);
    }
  }

  private List<String> events() {
    List<String> events = new ArrayList<>();
    api.get("/api/v1/events")
        .json()
        .path("items")
        .forEach(
            each ->
                events.add(
                    "%s %s %s"
                        .formatted(
                            each.path("reportingComponent").asText(),
                            each.path("reason").asText(),
                            each.path("message").asText())));
    return events;
  }

  @Test
  void anAddressSaysWhoseItIsUntilItsServiceGoes() {
    service("a", "10.96.3.3");
    JsonNode address = api.get(ADDRESSES + "/10.96.3.3").json();
    assertThat(address.at("/spec/parentRef").toString())
        .isEqualTo("{\"resource\":\"services\",\"namespace\":\"default\",\"name\":\"a\"}");
    assertThat(address.at("/metadata/labels").toString())
        .isEqualTo(
            "{\"ipaddress.kubernetes.io/ip-family\":\"IPv4\",\"ipaddress.kubernetes.io/managed-by\":\"ipallocator.k8s.io\"}");
    assertThat(addresses()).containsExactly("10.96.0.1", "10.96.3.3");
    api.delete(SERVICES + "/a");
    assertThat(addresses()).containsExactly("10.96.0.1");
  }

  @Test
  void aServiceThatWaitsForAFinalizerKeepsItsAddressUntilItIsGone() {
    api.post(SERVICES, text("a", "10.96.3.3").replace("\"a\"", "\"a\",\"finalizers\":[\"a.b/c\"]"));
    api.delete(SERVICES + "/a");
    assertThat(addresses()).contains("10.96.3.3");
    api.patch("merge-patch+json", SERVICES + "/a", "{\"metadata\":{\"finalizers\":null}}");
    assertThat(addresses()).doesNotContain("10.96.3.3");
  }

  @Test
  void whatIsNotStoredHasNoAddress() {
    service("a", "10.96.3.3");
    assertThat(service("a", "").status()).isEqualTo(409);
    assertThat(api.post(SERVICES + "?dryRun=All", text("b", "10.96.3.4")).status()).isEqualTo(201);
    assertThat(addresses()).containsExactly("10.96.0.1", "10.96.3.3");
  }

  @Test
  void aServiceThatBecomesANameGivesItsAddressBack() {
    service("a", "10.96.3.3");
    String name =
        "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.b\",\"clusterIP\":null,\"clusterIPs\":null}}";
    assertThat(api.patch("merge-patch+json", SERVICES + "/a", name).status()).isEqualTo(200);
    assertThat(addresses()).containsExactly("10.96.0.1");
    String again = "{\"spec\":{\"type\":\"ClusterIP\",\"externalName\":null}}";
    String address =
        api.patch("merge-patch+json", SERVICES + "/a", again).json().at("/spec/clusterIP").asText();
    assertThat(addresses()).contains(address).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({
    "10.96.3.3, provided IP is already allocated",
    "10.96.9.9, provided IP is already allocated",
    "10.200.0.5, the provided network does not match the current range",
    "10.201.0.5, the provided network does not match the current range",
    "10.96.0.0, the provided network does not match the current range",
    "10.96.255.255, the provided network does not match the current range",
  })
  void anAddressThatCannotBeHadIsRefused(String address, String why) {
    service("a", "10.96.3.3");
    api.post(
        ADDRESSES,
        "{\"metadata\":{\"name\":\"10.96.9.9\"},\"spec\":{\"parentRef\":{\"resource\":\"services\",\"namespace\":\"default\",\"name\":\"b\"}}}");
    range("unready", "10.201.0.0/24", false);
    assertThat(service("c", address).message())
        .isEqualTo(
            "Service \"c\" is invalid: spec.clusterIPs: Invalid value: [\"%s\"]: failed to allocate IP %s: %s"
                .formatted(address, address, why));
  }

  @Test
  void aDryRunLooksOnlyAtTheFirstRange() {
    range("two", "10.200.0.0/24", true);
    assertThat(api.post(SERVICES + "?dryRun=All", text("c", "10.200.0.5")).message())
        .endsWith(
            "failed to allocate IP 10.200.0.5: the provided IP (10.200.0.5) is not in the valid range. The range of valid IPs is 10.96.0.0/16");
  }

  @Test
  void aSecondRangeServesUntilItIsToGo() {
    range("two", "10.200.0.0/24", true);
    assertThat(service("a", "10.200.0.5").status()).isEqualTo(201);
    api.patch("merge-patch+json", RANGES + "/two", "{\"metadata\":{\"finalizers\":[\"a.b/c\"]}}");
    api.delete(RANGES + "/two");
    assertThat(service("b", "10.200.0.6").message())
        .endsWith("the provided network does not match the current range");
  }

  @Test
  void whenOneRangeIsFullTheNextOneServes() {
    range("two", "10.200.0.0/29", true);
    assertThat(api.delete(RANGES + "/kubernetes").status()).isEqualTo(200);
    List<String> given = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      given.add(service("s" + i, "").json().at("/spec/clusterIP").asText());
    }
    assertThat(given)
        .containsExactlyInAnyOrder(
            "10.200.0.1", "10.200.0.2", "10.200.0.3", "10.200.0.4", "10.200.0.5", "10.200.0.6");
    assertThat(service("more", "").message())
        .isEqualTo("Internal error occurred: failed to allocate a serviceIP: range is full");
    range("three", "10.201.0.0/24", true);
    assertThat(service("more", "").json().at("/spec/clusterIP").asText()).startsWith("10.201.0.");
  }

  @Test
  void whoChoosesNothingGetsNothingOfThePartForThoseWhoDo() {
    for (int i = 0; i < 200; i++) {
      String address = service("s" + i, "").json().at("/spec/clusterIP").asText();
      assertThat(address).doesNotStartWith("10.96.0.");
    }
  }

  @Test
  void aPortOfTheNodesIsAnothersAsSoonAsItIsFree() {
    assertThat(nodePort("a", 30_080).status()).isEqualTo(201);
    assertThat(nodePort("b", 30_080).message()).contains("provided port is already allocated");
    api.patch(
        "merge-patch+json",
        SERVICES + "/a",
        "{\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":30081}]}}");
    assertThat(nodePort("b", 30_080).status()).isEqualTo(201);
    assertThat(nodePort("c", 30_081).status()).isEqualTo(422);
    api.delete(SERVICES + "/a");
    assertThat(nodePort("c", 30_081).status()).isEqualTo(201);
    api.delete(SERVICES + "/c");
    assertThat(nodePort("c", 30_081).status()).as("one of the same name").isEqualTo(201);
  }

  private TestApi.Answer nodePort(String name, int port) {
    return api.post(
        SERVICES,
        "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":%d}]}}"
            .formatted(name, port));
  }

  @Test
  void anAddressThatIsGoneComesBack() {
    service("a", "10.96.3.3");
    api.delete(ADDRESSES + "/10.96.3.3");
    time.advance(Duration.ofMinutes(4));
    assertThat(addresses()).contains("10.96.3.3");
    assertThat(events())
        .containsExactly(
            "ipallocator-repair-controller ClusterIPNotAllocated Cluster IP [IPv4]: 10.96.3.3 is not allocated; repairing");
  }

  @Test
  void anAddressWithoutItsServiceGoesButNotAtOnce() throws Exception {
    ObjectNode address = (ObjectNode) api.get(ADDRESSES + "/10.96.0.1").json();
    ObjectNode metadata = (ObjectNode) address.get("metadata");
    metadata.put("name", "10.96.7.7").remove("resourceVersion");
    String text = new ObjectMapper().writeValueAsString(address).replace("\"kubernetes\"", "\"x\"");
    time.advance(Duration.ofSeconds(150));
    assertThat(api.post(ADDRESSES, text).status()).isEqualTo(201);
    time.advance(Duration.ofSeconds(40));
    assertThat(addresses()).contains("10.96.7.7");
    time.advance(Duration.ofMinutes(3));
    assertThat(addresses()).doesNotContain("10.96.7.7");
    assertThat(events())
        .containsExactly(
            "ipallocator-repair-controller IPAddressNotAllocated IPAddress: 10.96.7.7 for Service default/x appears to have leaked: cleaning up");
  }

  @Test
  void anAddressThatNamesAnotherIsMadeAnew() throws Exception {
    service("a", "10.96.3.3");
    String wrong =
        new ObjectMapper()
            .writeValueAsString(api.get(ADDRESSES + "/10.96.3.3").json())
            .replace("\"name\":\"a\"", "\"name\":\"x\"")
            .replaceAll("\"resourceVersion\":\"[0-9]+\",?", "");
    api.delete(ADDRESSES + "/10.96.3.3");
    assertThat(api.post(ADDRESSES, wrong).status()).isEqualTo(201);
    time.advance(Duration.ofMinutes(4));
    assertThat(api.get(ADDRESSES + "/10.96.3.3").json().at("/spec/parentRef/name").asText())
        .isEqualTo("a");
    assertThat(events())
        .containsExactly(
            "ipallocator-repair-controller ClusterIPNotAllocated the ClusterIP [IPv4]: 10.96.3.3 for Service default/a has a wrong reference; repairing");
  }

  @Test
  void whatOthersMakeStays() {
    api.post(
        ADDRESSES,
        "{\"metadata\":{\"name\":\"10.96.9.9\"},\"spec\":{\"parentRef\":{\"resource\":\"services\",\"namespace\":\"default\",\"name\":\"b\"}}}");
    time.advance(Duration.ofMinutes(10));
    assertThat(addresses()).contains("10.96.9.9");
    assertThat(events()).isEmpty();
  }
}
