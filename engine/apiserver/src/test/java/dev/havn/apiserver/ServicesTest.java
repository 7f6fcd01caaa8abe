// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a Service is given, and what of it is its own.
class ServicesTest {
  private static final String SERVICES = "/api/v1/namespaces/default/services";

  private final TestApi api = new TestApi();

  private static String service(String name, String spec) {
    return "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\"},\"spec\":{%s}}"
        .formatted(name, spec);
  }

  private static String ports(String type, String ports) {
    return "\"type\":\"%s\",\"ports\":[%s]".formatted(type, ports);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":80,\"protocol\":\"UDP\"} | 0",
        "{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":80,\"protocol\":\"UDP\",\"nodePort\":30002} | 30002",
        "{\"name\":\"a\",\"port\":80,\"nodePort\":30001},{\"name\":\"b\",\"port\":80,\"protocol\":\"UDP\"} | 30001",
      })
  void theSamePortOfTwoProtocolsIsTheSameOnNodes(String given, int asked) {
    JsonNode ports =
        api.post(SERVICES, service("s", ports("NodePort", given))).json().at("/spec/ports");
    int first = ports.at("/0/nodePort").asInt();
    assertThat(first).isEqualTo(ports.at("/1/nodePort").asInt()).isBetween(30_000, 32_767);
    assertThat(asked == 0 || asked == first).isTrue();
  }

  @Test
  void aPortOfNodesIsTakenOnce() {
    api.post(SERVICES, service("s", ports("NodePort", "{\"port\":80,\"nodePort\":30003}")));
    String again = service("t", ports("NodePort", "{\"port\":80,\"nodePort\":30003}"));
    assertThat(api.post(SERVICES, again).message())
        .endsWith(
            "spec.ports[0].nodePort: Invalid value: 30003: provided port is already allocated");
    assertThat(api.post(SERVICES + "?dryRun=All", again).status()).isEqualTo(422);
    String twice =
        ports(
            "NodePort",
            "{\"name\":\"a\",\"port\":80,\"nodePort\":30003},{\"name\":\"b\",\"port\":81,\"nodePort\":30003}");
    assertThat(api.put(SERVICES + "/s", service("s", twice)).message())
        .isEqualTo("duplicate nodePort: {TCP 30003}");
  }

  @Test
  void aServiceThatLeavesTheNodesLosesItsPortsThere() {
    String two =
        "{\"name\":\"a\",\"port\":80,\"nodePort\":30005},{\"name\":\"b\",\"port\":81,\"nodePort\":30006}";
    api.post(SERVICES, service("s", ports("NodePort", two)));
    String one = ports("ClusterIP", "{\"name\":\"b\",\"port\":81,\"nodePort\":30006}");
    TestApi.Answer answer = api.put(SERVICES + "/s", service("s", one));
    assertThat(answer.status()).as(answer.message()).isEqualTo(200);
    assertThat(answer.json().at("/spec/ports/0").has("nodePort")).isFalse();
  }

  @Test
  void theHealthPortIsOneOfThoseOfNodes() {
    String balanced = "\"externalTrafficPolicy\":\"Local\",\"healthCheckNodePort\":%d,%s";
    String ports = ports("LoadBalancer", "{\"port\":80}");
    assertThat(api.post(SERVICES, service("s", balanced.formatted(70_000, ports))).message())
        .isEqualTo(
            "Internal error occurred: failed to allocate requested HealthCheck NodePort 70000: provided port is not in the valid range. The range of valid ports is 30000-32767");
    assertThat(api.post(SERVICES, service("s", balanced.formatted(30_009, ports))).status())
        .isEqualTo(201);
    assertThat(
            api.post(SERVICES, service("t", ports("NodePort", "{\"port\":80,\"nodePort\":30009}")))
                .status())
        .isEqualTo(422);
  }

  @Test
  void whoWritesTheStatusOfAServiceThatIsNotThereMakesIt() {
    TestApi.Answer made =
        api.put(SERVICES + "/s/status", service("s", ports("ClusterIP", "{\"port\":80}")));
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.json().at("/spec").has("clusterIP")).isFalse();
    String other = service("t", ports("ClusterIP", "{\"port\":80}"));
    assertThat(api.patch("apply-patch+yaml", SERVICES + "/t/status?fieldManager=m", other).status())
        .isEqualTo(201);
    assertThat(api.patch("merge-patch+json", SERVICES + "/u/status", "{}").status()).isEqualTo(404);
  }

  @Test
  void whatAnUpdateMakesMayBeAboutToBeDeleted() {
    String given =
        service("s", ports("ClusterIP", "{\"port\":80}"))
            .replace(
                "\"name\":\"s\"", "\"name\":\"s\",\"deletionTimestamp\":\"2026-01-02T03:04:05Z\"");
    assertThat(api.put(SERVICES + "/s", given).json().at("/metadata/deletionTimestamp").asText())
        .isEqualTo("2026-01-02T03:04:05Z");
    assertThat(api.delete(SERVICES + "/s").status()).isEqualTo(200);
    JsonNode posted = api.post(SERVICES, given).json();
    assertThat(posted.at("/metadata").has("deletionTimestamp")).isFalse();
  }

  @Test
  void aServiceThatIsOnlyANameHasNoTrafficInside() {
    String name =
        "\"type\":\"ExternalName\",\"externalName\":\"a.b\",\"internalTrafficPolicy\":\"%s\"";
    assertThat(
            api.post(SERVICES, service("s", name.formatted("Local")))
                .json()
                .at("/spec")
                .has("internalTrafficPolicy"))
        .isFalse();
    assertThat(api.post(SERVICES, service("t", name.formatted(""))).message())
        .contains("spec.internalTrafficPolicy: Unsupported value: \"\"");
  }
}
