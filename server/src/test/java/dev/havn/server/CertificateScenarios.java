// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/// Of requests for certificates.
final class CertificateScenarios {
  private static final String REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  private static final String CLIENT = "kubernetes.io/kube-apiserver-client";
  private static final String KUBELET = CLIENT + "-kubelet";

  /// For `system:node:ghost` of `system:nodes`; its key is lost.
  static final String GHOST =
      """
      LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIdE1JR1ZBZ0VBTURNeEZUQVRCZ05W
      QkFvTURITjVjM1JsYlRwdWIyUmxjekVhTUJnR0ExVUVBd3dSYzNsegpkR1Z0T201dlpHVTZaMmh2YzNR
      d1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFUdi9Ha002WjliCmxRN0Iyc2JXMW9lN2lF
      cXdlcjN6Q0dkZm1PajhCaEhMY0FTSWNsOStwV2ZUUkYwVWpjazQrcVd3MFRxemE4U20KNitmb1lEbXc1
      L1Byb0FBd0NnWUlLb1pJemowRUF3SURSd0F3UkFJZ1BQMUZrYk9wQUZEV0c5VW5mQkZ3WFMzTwpQc3Iw
      ZG1LeU9Eb2Y3SnBOZGxRQ0lFWU56akRWRStMRThvOWlLZmNVUjdteTI3b0hLbUVRek56TXNlZnRzeFM4
      Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=
      """
          .replace("\n", "");

  private CertificateScenarios() {}

  private static String request(String name, String signer) {
    return """
    apiVersion: certificates.k8s.io/v1
    kind: CertificateSigningRequest
    metadata: {name: NS-%s}
    spec:
      request: %s
      signerName: %s
      usages: [digital signature, client auth]
    ---
    """
        .formatted(name, GHOST, signer);
  }

  private static Act say(String name, String what) {
    return Scenario.patch(
        REQUESTS + "/NS-" + name + "/approval",
        "status: {conditions: [{type: %s, status: 'True', reason: Somebody, message: said it}]}"
            .formatted(what));
  }

  private static String subject(JsonNode certificate) {
    if (certificate.asText("").isEmpty()) {
      return "none";
    }
    try {
      byte[] pem = Base64.getDecoder().decode(certificate.asText());
      return ((X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(pem)))
          .getSubjectX500Principal()
          .getName();
    } catch (CertificateException e) {
      return "unreadable";
    }
  }

  private static Map<String, String> answers(Place place) {
    Map<String, String> answers = new TreeMap<>();
    for (JsonNode each : place.list(REQUESTS)) {
      JsonNode status = each.path("status");
      answers.put(
          place.plain(Scenario.nameOf(each)),
          status.path("conditions").findValuesAsText("type")
              + " "
              + subject(status.path("certificate")));
    }
    return answers;
  }

  static Scenario requests() {
    return Scenario.of(
        CertificateScenarios::answers,
        Scenario.make(request("kubelet", KUBELET)),
        Scenario.make(request("client", CLIENT) + request("denied", CLIENT)),
        Scenario.make(request("open", CLIENT) + request("others", "example.com/signer")),
        Scenario.make(request("unfit", "kubernetes.io/kubelet-serving")),
        say("client", "Approved"),
        say("denied", "Denied"),
        say("others", "Approved"),
        say("unfit", "Approved"),
        Scenario.make(request("kubelet-2", KUBELET)));
  }

  static Scenario cleaning() {
    return Scenario.of(
        CertificateScenarios::answers,
        Scenario.make(request("denied", CLIENT) + request("issued", CLIENT)),
        Scenario.make(request("open", CLIENT) + request("others", "example.com/signer")),
        say("denied", "Denied"),
        say("issued", "Approved"),
        say("others", "Approved"),
        place -> place.bench().sleep(Duration.ofHours(2)),
        Scenario.make(request("new", CLIENT)),
        say("new", "Denied"));
  }
}
