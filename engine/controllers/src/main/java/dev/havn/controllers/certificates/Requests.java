// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestCondition;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/// What a CertificateSigningRequest says of itself.
final class Requests {
  static final String APPROVED = "Approved";
  static final String DENIED = "Denied";
  static final String FAILED = "Failed";

  private Requests() {}

  static List<CertificateSigningRequestCondition> conditions(CertificateSigningRequest request) {
    return request.getStatus() == null ? List.of() : request.getStatus().getConditions();
  }

  static Stream<CertificateSigningRequestCondition> conditions(
      CertificateSigningRequest request, String type) {
    return conditions(request).stream().filter(each -> each.getType().equals(type));
  }

  static boolean has(CertificateSigningRequest request, String type) {
    return conditions(request, type).findAny().isPresent();
  }

  static boolean isIssued(CertificateSigningRequest request) {
    return request.getStatus() != null
        && request.getStatus().getCertificate() != null
        && !request.getStatus().getCertificate().isEmpty();
  }

  static String pem(String base64) {
    return new String(Base64.getMimeDecoder().decode(base64), StandardCharsets.US_ASCII);
  }

  static String base64(String pem) {
    return Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
  }
}
