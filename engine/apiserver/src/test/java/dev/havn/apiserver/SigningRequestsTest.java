// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Who approves of a request for a certificate does not sign it, and the other way round.
class SigningRequestsTest {
  private static final String REQUEST = "/apis/certificates.k8s.io/v1/certificatesigningrequests/c";
  private static final String APPROVED = "{\"type\":\"Approved\",\"status\":\"True\"}";
  private static final String DENIED = "{\"type\":\"Denied\",\"status\":\"True\"}";
  private static final String FAILED = "{\"type\":\"Failed\",\"status\":\"True\"}";

  private final TestApi api = new TestApi();

  @BeforeEach
  void oneRequest() {
    api.create(
        REQUEST.substring(0, REQUEST.lastIndexOf('/')),
        "{metadata: {name: c}, spec: {request: %s, signerName: example.com/signer, usages: [client auth]}}"
            .formatted(CertificateRequests.request("CN=jane")));
  }

  private TestApi.Answer say(String subresource, String... conditions) {
    return status(subresource, "\"conditions\":[" + String.join(",", conditions) + "]");
  }

  private TestApi.Answer status(String subresource, String fields) {
    return api.patch(
        "merge-patch+json", REQUEST + "/" + subresource, "{\"status\":{" + fields + "}}");
  }

  private static void assertRefused(TestApi.Answer answer, String why) {
    assertThat(answer.message())
        .isEqualTo("CertificateSigningRequest.certificates.k8s.io \"c\" is invalid: " + why);
    assertThat(answer.status()).isEqualTo(422);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Approved", "Denied"})
  void aSignerDoesNotApproveForItself(String type) {
    assertRefused(
        say("status", "{\"type\":\"%s\",\"status\":\"True\"}".formatted(type)),
        "status.conditions: Forbidden: updates may not add a condition of type \"%s\""
            .formatted(type));
  }

  @Test
  void aSignerChangesNothingOfAnApproval() {
    say("approval", APPROVED);
    TestApi.Answer answer = say("status", APPROVED.replace("}", ",\"message\":\"m\"}"), FAILED);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().at("/status/conditions/0").has("message")).isFalse();
    assertThat(answer.json().at("/status/conditions/1/type").asText()).isEqualTo("Failed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"type":"Approved","status":"False"} | [0].status: Unsupported value: "False": supported values: "True"
          {"type":"X","status":"Y"} | [0].status: Unsupported value: "Y": supported values: "False", "True", "Unknown"
          {"type":"X"} | [0].status: Required value
          {"status":"True"} | [0].type: Required value
          {"type":"X","status":"True"},{"type":"X","status":"True"} | [1].type: Duplicate value: "X"
          {"type":"Approved","status":"True"},{"type":"Denied","status":"True"} | : Invalid value: "Denied": Approved and Denied conditions are mutually exclusive
          """)
  void conditionsOfAnApprovalAreJudged(String conditions, String why) {
    assertRefused(say("approval", conditions), "status.conditions" + why);
  }

  @Test
  void whatWasDecidedStays() {
    say("approval", APPROVED);
    say("status", APPROVED, FAILED);
    String approval =
        "status.conditions: Forbidden: updates may not remove a condition of type \"Approved\"";
    String failure =
        "status.conditions: Forbidden: updates may not remove a condition of type \"Failed\"";
    assertRefused(say("approval", FAILED), approval);
    assertRefused(say("status", APPROVED), failure);
    assertRefused(say("status"), "[" + approval + ", " + failure + "]");
    assertRefused(
        say("approval", APPROVED, DENIED, FAILED),
        "status.conditions: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive");
  }

  @Test
  void aConditionGetsItsTimesFromTheServer() {
    TestApi.Answer answer = say("approval", APPROVED);
    assertThat(answer.json().at("/status/conditions/0/lastUpdateTime").asText())
        .isEqualTo(TestApi.START.toString());
    assertThat(answer.json().at("/status/conditions/0/lastTransitionTime").asText())
        .isEqualTo(TestApi.START.toString());
  }

  @Test
  void aConditionThatHasNotTurnedKeepsItsTime() {
    String early = "\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"";
    say("approval", APPROVED.replace("}", "," + early + "}"));
    TestApi.Answer answer = say("approval", APPROVED.replace("}", ",\"message\":\"m\"}"));
    assertThat(answer.json().at("/status/conditions/0").toString())
        .contains(early, "\"message\":\"m\"");
  }

  @Test
  void aRequestMayBeMadeByApplyingIt() {
    String applied =
        "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: fresh},"
            + " spec: {request: %s, signerName: example.com/signer, usages: [client auth]}}";
    TestApi.Answer answer =
        api.patch(
            "apply-patch+yaml",
            REQUEST.substring(0, REQUEST.length() - 1) + "fresh?fieldManager=m",
            applied.formatted(api.get(REQUEST).json().at("/spec/request").asText()));
    assertThat(answer.status()).as(answer.message()).isEqualTo(201);
    assertThat(answer.json().at("/spec/signerName").asText()).isEqualTo("example.com/signer");
    assertThat(answer.json().at("/metadata/managedFields/0/fieldsV1").has("f:spec")).isFalse();
  }

  @Test
  void whoApprovesDoesNotSign() {
    TestApi.Answer answer = status("approval", "\"certificate\":\"eA==\"");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("status").has("certificate")).isFalse();
  }

  @Test
  void aCertificateIsIssuedOnce(@TempDir Path folder) throws IOException {
    String pem =
        Pem.of(
            Authority.open(folder, () -> Instant.parse("2026-01-01T00:00:00Z"), new SecureRandom())
                .certificate());
    assertThat(status("status", certificate(pem)).status()).isEqualTo(200);
    String why =
        "status.certificate: Forbidden: updates may not modify existing certificate content";
    assertRefused(status("status", certificate(pem + pem)), why);
    assertRefused(status("status", "\"certificate\":null"), why);
  }

  private static String certificate(String pem) {
    return "\"certificate\":\"%s\""
        .formatted(Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void metadataIsJudgedWhoeverWrites() {
    for (String part : new String[] {"approval", "status"}) {
      assertRefused(
          api.patch(
              "merge-patch+json",
              REQUEST + "/" + part,
              "{\"metadata\":{\"finalizers\":[\"bad\"]},\"status\":{\"conditions\":[{\"type\":\"X\"}]}}"),
          "[metadata.finalizers[0]: Invalid value: \"bad\": name is neither a standard finalizer name nor is it fully qualified, status.conditions[0].status: Required value]");
    }
  }
}
