// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/// What a request for a certificate (PKCS #10, RFC 2986) says.
public final class CertificateRequest {
  private CertificateRequest() {}

  /// The organizations of the subject, which become groups.
  ///
  /// @param request PEM in base64, as the API carries it; validated before
  /// @throws IllegalArgumentException when it is none
  public static List<String> organizations(String request) {
    byte[] pem = Base64.getMimeDecoder().decode(request);
    try (PEMParser parser =
        new PEMParser(new StringReader(new String(pem, StandardCharsets.US_ASCII)))) {
      List<String> organizations = new ArrayList<>();
      if (parser.readObject() instanceof PKCS10CertificationRequest parsed) {
        for (RDN each : parsed.getSubject().getRDNs(BCStyle.O)) {
          organizations.add(IETFUtils.valueToString(each.getFirst().getValue()));
        }
      }
      return organizations;
    } catch (IOException e) {
      throw new IllegalArgumentException("no request for a certificate", e);
    }
  }
}
