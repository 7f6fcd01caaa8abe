// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.Ranges;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EnvironmentTest {
  private final TableApi api =
      new TableApi()
          .with("/api/v1/namespaces/shop/configmaps/settings", "{data: {color: red}}")
          .with("/api/v1/namespaces/shop/secrets/keys", "{data: {password: c2VzYW1l}}")
          .with(
              "/api/v1/namespaces/shop/services",
              """
              items:
                - metadata: {name: order-db}
                  spec:
                    clusterIP: 10.96.0.7
                    ports: [{name: sql, port: 5432, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]
                - metadata: {name: headless}
                  spec: {clusterIP: None, ports: [{port: 80}]}
              """);

  private Map<String, String> of(String container) {
    Pod pod =
        GoldenPods.pod(
            """
            metadata: {name: web, namespace: shop, uid: u1, labels: {app: web}}
            spec:
              nodeName: n1
              serviceAccountName: seller
              containers:
                - %s
            """
                .formatted(container));
    return new Environment(
            api, new Addresses("10.62.0.1", Ranges.parse("10.62.0.0/24,fd00:62::/64")))
        .of(pod, pod.getSpec().getContainers().getFirst(), "10.62.0.2");
  }

  @ParameterizedTest
  @CsvSource({
    "$(A), 1",
    "x$(A)y, x1y",
    "$$(A), $(A)",
    "$(NONE), $(NONE)",
    "$(A, $(A",
    "$A, $A",
    "$$$(A), $1",
    "a$, a$",
  })
  void referencesAreExpanded(String text, String expanded) {
    assertThat(Environment.expand(text, Map.of("A", "1"))).isEqualTo(expanded);
  }

  @Test
  void servicesOfTheNamespaceAreToldAsLinks() {
    assertThat(of("name: c"))
        .containsEntry("ORDER_DB_SERVICE_HOST", "10.96.0.7")
        .containsEntry("ORDER_DB_SERVICE_PORT", "5432")
        .containsEntry("ORDER_DB_SERVICE_PORT_DNS", "53")
        .containsEntry("ORDER_DB_PORT", "tcp://10.96.0.7:5432")
        .containsEntry("ORDER_DB_PORT_53_UDP", "udp://10.96.0.7:53")
        .containsEntry("ORDER_DB_PORT_5432_TCP_ADDR", "10.96.0.7")
        .doesNotContainKey("HEADLESS_SERVICE_HOST");
  }

  @Test
  void laterVariablesWinAndMayUseEarlierOnes() {
    Map<String, String> variables =
        of(
            """
            name: c
                  envFrom: [{prefix: P_, configMapRef: {name: settings}}, {secretRef: {name: keys}}]
                  env:
                    - {name: password, value: other}
                    - {name: BOTH, value: "$(P_color)-$(password)"}
                    - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
                    - {name: ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                    - {name: HOSTS, valueFrom: {fieldRef: {fieldPath: status.hostIPs}}}
                    - {name: ADDRESSES, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
                    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
                    - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: password}}}
                    - {name: NONE, valueFrom: {secretKeyRef: {name: keys, key: x, optional: true}}}
            """);
    assertThat(variables)
        .containsEntry("P_color", "red")
        .containsEntry("BOTH", "red-other")
        .containsEntry("HOST", "10.62.0.1")
        .containsEntry("ADDRESS", "10.62.0.2")
        .containsEntry("HOSTS", "10.62.0.1,fd00:62::1")
        .containsEntry("ADDRESSES", "10.62.0.2,fd00:62::2")
        .containsEntry("LABEL", "web")
        .containsEntry("KEY", "sesame")
        .doesNotContainKey("NONE");
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThatThrownBy(() -> of("{name: c, envFrom: [{secretRef: {name: none}}]}"))
        .isInstanceOf(StartException.class)
        .hasMessage("secret \"none\" not found");
    assertThatThrownBy(
            () ->
                of(
                    "{name: c, env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: x}}}]}"))
        .isInstanceOf(StartException.class)
        .hasMessage("couldn't find key x in ConfigMap shop/settings");
  }
}
