// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What stands in a status already, and what becomes of it.
class StatusesTest {
  private static final String GATEWAY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: GatewayClass
      metadata: {name: havn}
      spec: {controllerName: havn.dev/gateway}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: web, namespace: default, generation: 7}
      spec:
        gatewayClassName: havn
        listeners: [{name: http, port: 80, protocol: HTTP}]
      status:
        conditions:
        - {type: Accepted, status: "True", reason: Old, message: old, observedGeneration: 6, lastTransitionTime: "2026-01-01T00:00:00Z"}
        - {type: Programmed, status: "False", reason: Pending, message: old, observedGeneration: 6, lastTransitionTime: "2026-01-01T00:00:00Z"}
        - {type: example.com/Other, status: "True", reason: Fine, message: of another, observedGeneration: 3, lastTransitionTime: "2026-01-01T00:00:00Z"}
      """;

  private static JsonNode tree(Object model) {
    try {
      return new ObjectMapper().readTree(Documents.YAML.asJson(model));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ObjectNode status(Documents documents, Statuses.Reached reached) {
    return new Statuses(Instant.parse("2026-02-02T00:00:00.5Z"), StatusesTest::tree)
        .ofGateway(documents.plan().gateways().getFirst(), reached);
  }

  private static String condition(JsonNode of, String type) {
    for (JsonNode each : of.path("conditions")) {
      if (each.path("type").asText().equals(type)) {
        return String.join(
            " ",
            each.path("status").asText(),
            each.path("reason").asText(),
            each.path("observedGeneration").asText(),
            each.path("lastTransitionTime").asText());
      }
    }
    return "none";
  }

  @Test
  void aConditionKeepsItsTimeWhileItStaysAndThoseOfOthersStay() {
    Documents documents = Documents.of(GATEWAY);
    ObjectNode status =
        status(documents, new Statuses.Reached(List.of("10.0.0.1"), Map.of(), Map.of()));
    assertThat(condition(status, "Accepted")).isEqualTo("True Accepted 7 2026-01-01T00:00:00Z");
    assertThat(condition(status, "Programmed")).isEqualTo("True Programmed 7 2026-02-02T00:00:00Z");
    assertThat(condition(status, "example.com/Other"))
        .isEqualTo("True Fine 3 2026-01-01T00:00:00Z");
    assertThat(status.path("addresses").toString())
        .isEqualTo("[{\"type\":\"IPAddress\",\"value\":\"10.0.0.1\"}]");
    Gateway gateway = documents.of(Gateway.class).getFirst();
    gateway.setStatus(Documents.YAML.unmarshal(status.toString(), GatewayStatus.class));
    assertThat(status(documents, new Statuses.Reached(List.of("10.0.0.1"), Map.of(), Map.of())))
        .as("nothing to write any more")
        .isEqualTo(tree(gateway.getStatus()));
  }

  @Test
  void saysWhyNobodyIsReached() {
    Documents documents = Documents.of(GATEWAY);
    ObjectNode waiting = status(documents, new Statuses.Reached(List.of(), Map.of(), Map.of()));
    assertThat(condition(waiting, "Programmed"))
        .isEqualTo("False AddressNotAssigned 7 2026-01-01T00:00:00Z");
    assertThat(condition(waiting.path("listeners").get(0), "Programmed"))
        .startsWith("False Pending ");
    ObjectNode taken =
        status(documents, new Statuses.Reached(List.of(), Map.of(), Map.of(80, "in use")));
    assertThat(condition(taken, "Programmed")).startsWith("False NoResources ");
    assertThat(condition(taken.path("listeners").get(0), "Programmed"))
        .startsWith("False PortUnavailable ");
  }

  @Test
  void noMessageIsLongerThanAStatusMayBe() {
    String why = "w".repeat(1_020) + "\ud83d\ude00" + "w".repeat(40_000);
    ObjectNode status =
        status(Documents.of(GATEWAY), new Statuses.Reached(List.of(), Map.of(), Map.of(80, why)));
    assertThat(status.path("listeners").get(0).path("conditions").findValuesAsText("message"))
        .allMatch(each -> each.length() <= 1_024)
        .contains("w".repeat(1_020) + "...");
    String fits = "w".repeat(1_024);
    assertThat(
            status(
                    Documents.of(GATEWAY),
                    new Statuses.Reached(List.of(), Map.of(), Map.of(80, fits)))
                .path("listeners")
                .get(0)
                .path("conditions")
                .findValuesAsText("message"))
        .contains(fits);
  }

  @Test
  void socketsStandBesideTheAddressWherePortsAreOthers() {
    ObjectNode status =
        status(
            Documents.of(GATEWAY),
            new Statuses.Reached(List.of("127.0.0.1"), Map.of(80, "127.0.0.1:8080"), Map.of()));
    assertThat(status.path("addresses").get(1).toString())
        .isEqualTo("{\"type\":\"havn.dev/socket\",\"value\":\"127.0.0.1:8080\"}");
  }
}
