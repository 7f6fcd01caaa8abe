// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.certificates.CertificateRequest;
import dev.havn.apiserver.resource.ApiException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who
/// approves or signs needs the right to do so for the signer (`approve`, `sign` on
/// `signers.certificates.k8s.io`), and nobody becomes a master by a certificate.
public final class CertificateRequests implements Admission {
  private static final String GROUP = "certificates.k8s.io";
  private static final String CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";

  private final Authorizer authorizer;

  public CertificateRequests(Authorizer authorizer) {
    this.authorizer = authorizer;
  }

  @Override
  public void validate(Write write) {
    @Nullable ObjectNode before = write.before();
    boolean request =
        write.type().group().equals(GROUP)
            && write.type().plural().equals("certificatesigningrequests");
    if (!request || write.operation() == Operation.DELETE) {
      return;
    }
    switch (write.subresource()) {
      case "" -> {
        if (before == null) {
          checkSubject(write);
        }
      }
      case "approval" -> {
        if (before != null) {
          require(write, before, "approve");
        }
      }
      case "status" -> {
        if (before != null && isSigned(before, write.object())) {
          require(write, before, "sign");
        }
      }
      default -> {}
    }
  }

  private static boolean isSigned(ObjectNode before, ObjectNode after) {
    return List.of("certificate", "conditions").stream()
        .anyMatch(
            field -> !before.path("status").path(field).equals(after.path("status").path(field)));
  }

  /// Of the signer as it was asked for, by its name or by all of its domain.
  private void require(Write write, ObjectNode before, String verb) {
    String signer = before.path("spec").path("signerName").asText();
    String domain = signer.substring(0, Math.max(0, signer.indexOf('/')));
    boolean may = may(write, verb, signer) || may(write, verb, domain + "/*");
    if (!may) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "user not permitted to %s requests with signerName \"%s\"".formatted(verb, signer));
    }
  }

  private boolean may(Write write, String verb, String signer) {
    return authorizer.allows(
        new Attributes(write.user(), verb, GROUP, "signers", "", "", signer, ""));
  }

  private static void checkSubject(Write write) {
    JsonNode spec = write.object().path("spec");
    if (spec.path("signerName").asText("").equals(CLIENT_SIGNER)
        && CertificateRequest.organizations(spec.path("request").asText(""))
            .contains(Rbac.MASTERS)) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "use of %s signer with system:masters group is not allowed".formatted(CLIENT_SIGNER));
    }
  }
}
