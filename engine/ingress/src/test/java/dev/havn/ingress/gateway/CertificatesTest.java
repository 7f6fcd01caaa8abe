// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.TestKeys;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.Identity;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which certificate a listener shows for which name.
class CertificatesTest {
  private static final String GATEWAY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: GatewayClass
      metadata: {name: havn}
      spec: {controllerName: havn.dev/gateway}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: web, namespace: default}
      spec:
        gatewayClassName: havn
        listeners:
        - name: any
          port: 443
          protocol: HTTPS
          tls: {certificateRefs: [{name: first.test}, {name: a.example}, {name: own.example}, {name: missing}]}
        - name: own
          port: 443
          protocol: HTTPS
          hostname: own.example
          tls: {certificateRefs: [{name: first.test}]}
      """;

  private static final String SECRET =
      """
      apiVersion: v1
      kind: Secret
      metadata: {name: %s, namespace: default}
      type: kubernetes.io/tls
      data: {tls.crt: %s, tls.key: %s}
      """;

  @TempDir private Path folder;

  private String secret(String name) throws Exception {
    TestKeys keys = TestKeys.of(folder, name);
    return SECRET.formatted(
        name,
        pem("CERTIFICATE", keys.certificate().getEncoded()),
        pem("PRIVATE KEY", keys.key().getEncoded()));
  }

  private static String pem(String what, byte[] der) {
    String body = Base64.getMimeEncoder().encodeToString(der);
    String text = "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n";
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static String shown(Door door, String name) {
    Identity identity = door.identities().best(name);
    return identity.chain().getFirst().getSubjectX500Principal().getName();
  }

  @Test
  void oneGatewayNamesSoManySecretsAndNoMore() {
    StringBuilder listeners = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      listeners.append("  - name: l%d\n    port: %d\n    protocol: HTTPS\n".formatted(i, i + 1));
      listeners.append("    tls: {certificateRefs: [");
      for (int j = 0; j < 64; j++) {
        listeners.append(j == 0 ? "" : ", ").append("{name: s%d-%d}".formatted(i, j));
      }
      listeners.append("]}\n");
    }
    String head = GATEWAY.substring(0, GATEWAY.indexOf("  - name: any"));
    assertThat(Documents.of(head + listeners).plan().gateways().getFirst().listeners())
        .extracting(
            each ->
                each.findings().stream()
                    .filter(finding -> finding.type().equals("ResolvedRefs"))
                    .findFirst()
                    .orElseThrow()
                    .message())
        .last()
        .isEqualTo("the Gateway names more than 256 Secrets");
  }

  @Test
  void ofSeveralTheOneThatNamesTheHostElseTheFirst() throws Exception {
    Plan plan =
        Documents.of(GATEWAY, secret("first.test"), secret("a.example"), secret("own.example"))
            .plan();
    Door door = plan.doors().getFirst();
    assertThat(shown(door, "a.example")).isEqualTo("CN=a.example");
    assertThat(shown(door, "else.example")).isEqualTo("CN=first.test");
    assertThat(shown(door, "own.example")).isEqualTo("CN=first.test");
    assertThat(plan.gateways().getFirst().listeners().getFirst().findings())
        .filteredOn(each -> each.type().equals("ResolvedRefs"))
        .extracting(Finding::reason)
        .isEqualTo(List.of("InvalidCertificateRef"));
  }
}
