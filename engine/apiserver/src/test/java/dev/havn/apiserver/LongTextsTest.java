// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Texts as long as a request may be, where a number, a duration or a name is expected: reading one
/// takes neither a time that grows with its square nor a stack that grows with it.
@Timeout(60)
class LongTextsTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String CLAIMS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  private static final int LONG = 2 << 20;
  private static final int HEADER = 60 << 10;

  private final TestApi api = new TestApi();

  @Test
  void aRevisionOfMillionsOfDigits() {
    String body =
        "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"" + "9".repeat(LONG) + "\"}}";
    assertThat(api.post(MAPS, "{\"metadata\":{\"name\":\"a\"}}").status()).isEqualTo(201);
    assertThat(api.put(MAPS + "/a", body).message()).endsWith("\": value out of range");
    String zeros = body.replace("9".repeat(LONG), "0".repeat(LONG) + "1");
    assertThat(api.put(MAPS + "/a", zeros).status()).isEqualTo(409);
  }

  @Test
  void aTimeoutOfThousandsOfParts() {
    assertThat(api.get(MAPS + "?timeout=" + "1ms".repeat(HEADER / 3)).status()).isEqualTo(200);
    assertThat(api.get(MAPS + "?timeout=" + "1h".repeat(HEADER / 2) + "x").status()).isEqualTo(400);
    assertThat(api.get(MAPS + "?timeout=" + "1".repeat(HEADER) + "h").status()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a=\"%s\"", "a=%s", "a=\"%s", "a=b%s x"})
  void aMediaTypeWithALongParameter(String parameter) {
    String type = "application/json;" + parameter.formatted("\\x".repeat(HEADER / 2));
    assertThat(write(type).status()).isIn(201, 415);
    assertThat(write(type.replace("\\x", " ")).status()).isIn(201, 415);
    assertThat(write("application/json" + ";a=b".repeat(HEADER / 4)).status()).isEqualTo(201);
  }

  private TestApi.Answer write(String type) {
    String body = "{\"metadata\":{\"generateName\":\"a-\"}}";
    return api.ask("POST", MAPS).header("content-type", type).body(body).send();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0x", "0b1", "-0"})
  void aNumberInYamlOfMillionsOfDigits(String prefix) {
    String yaml = "metadata: {name: a}\ndata: {a: " + prefix + "1".repeat(LONG) + "}\n";
    assertThat(api.create(MAPS, yaml).status()).isIn(400, 422);
  }

  @Test
  void certificatesThatDoNotEnd() {
    String blocks = "-----BEGIN CERTIFICATE-----\n".repeat(LONG / 40) + "-----END X-----\n";
    assertThat(sign(blocks)).contains("must contain at least one CERTIFICATE PEM block");
    assertThat(sign("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"))
        .contains("must contain at least one CERTIFICATE PEM block");
    assertThat(sign("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
        .contains("x509: malformed certificate");
    assertThat(sign("-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n"))
        .contains("only CERTIFICATE PEM blocks are allowed, found \"KEY\"");
    assertThat(sign("-----BEGIN CERTIFICATE-----\nA: b\n\nAAAA\n-----END CERTIFICATE-----\n"))
        .contains("no PEM block headers are permitted");
  }

  /// What is said to a certificate.
  private String sign(String pem) {
    String certificate =
        Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
    api.delete(CLAIMS + "/a");
    api.post(
        CLAIMS,
        """
        {"metadata":{"name":"a"},"spec":{"signerName":"example.com/a","usages":["client auth"],
        "request":"%s"}}"""
            .formatted(CertificateRequests.request("CN=a")));
    return api.patch(
            "merge-patch+json",
            CLAIMS + "/a/status",
            "{\"status\":{\"certificate\":\"" + certificate + "\"}}")
        .message();
  }

  @Test
  void aDeviceWithALongVersion() {
    String slice =
        """
        {"metadata":{"name":"s"},"spec":{"driver":"a.example.com","nodeName":"n",
        "pool":{"name":"p","generation":1,"resourceSliceCount":1},
        "devices":[{"name":"d","attributes":{"v":{"version":"1.0.0-%s"}}}]}}"""
            .formatted("a.".repeat(LONG / 4) + "a");
    assertThat(api.post("/apis/resource.k8s.io/v1/resourceslices", slice).message())
        .contains("Too long: may not be more than 64 bytes");
  }
}
