// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/// What a request for a certificate (PKCS #10, RFC 2986) says.
///
/// @param organizations of the subject, which become groups
/// @param commonName of the subject, or empty
/// @param dnsNames and the others: alternative names of the subject
public record CertificateRequest(
    List<String> organizations,
    String commonName,
    List<String> dnsNames,
    List<String> addresses,
    List<String> emails,
    List<String> uris) {
  /// The kinds of alternative names that Kubernetes knows; the rest is passed over.
  static final Set<Integer> KINDS =
      Set.of(
          GeneralName.dNSName,
          GeneralName.iPAddress,
          GeneralName.rfc822Name,
          GeneralName.uniformResourceIdentifier);

  /// @param pem validated before
  /// @throws IllegalArgumentException when it is no request
  public static CertificateRequest read(String pem) {
    PKCS10CertificationRequest request = parse(pem);
    List<String> commonNames = subject(request, BCStyle.CN);
    List<GeneralName> alternatives = alternatives(request);
    return new CertificateRequest(
        subject(request, BCStyle.O),
        commonNames.isEmpty() ? "" : commonNames.getLast(),
        texts(alternatives, GeneralName.dNSName),
        addresses(alternatives),
        texts(alternatives, GeneralName.rfc822Name),
        texts(alternatives, GeneralName.uniformResourceIdentifier));
  }

  /// The organizations of the subject, which become groups.
  ///
  /// @param request PEM in base64, as the API carries it; validated before
  /// @throws IllegalArgumentException when it is none
  public static List<String> organizations(String request) {
    byte[] pem = Base64.getMimeDecoder().decode(request);
    return subject(parse(new String(pem, StandardCharsets.US_ASCII)), BCStyle.O);
  }

  static PKCS10CertificationRequest parse(String pem) {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      if (parser.readObject() instanceof PKCS10CertificationRequest parsed) {
        return parsed;
      }
      throw new IllegalArgumentException("PEM block type must be CERTIFICATE REQUEST");
    } catch (IOException e) {
      throw new IllegalArgumentException("no request for a certificate", e);
    }
  }

  private static List<String> subject(
      PKCS10CertificationRequest request, ASN1ObjectIdentifier attribute) {
    List<String> values = new ArrayList<>();
    for (RDN each : request.getSubject().getRDNs()) {
      for (AttributeTypeAndValue part : each.getTypesAndValues()) {
        if (part.getType().equals(attribute)) {
          values.add(IETFUtils.valueToString(part.getValue()));
        }
      }
    }
    return values;
  }

  static List<GeneralName> alternatives(PKCS10CertificationRequest request) {
    Extensions extensions = request.getRequestedExtensions();
    Extension names =
        extensions == null ? null : extensions.getExtension(Extension.subjectAlternativeName);
    return names == null
        ? List.of()
        : List.of(GeneralNames.getInstance(names.getParsedValue()).getNames());
  }

  private static List<String> texts(List<GeneralName> names, int kind) {
    return names.stream()
        .filter(each -> each.getTagNo() == kind)
        .map(each -> each.getName().toString())
        .toList();
  }

  private static List<String> addresses(List<GeneralName> names) {
    List<String> addresses = new ArrayList<>();
    for (GeneralName each : names) {
      if (each.getTagNo() == GeneralName.iPAddress) {
        byte[] octets = ASN1OctetString.getInstance(each.getName()).getOctets();
        try {
          addresses.add(InetAddress.getByAddress(octets).getHostAddress());
        } catch (UnknownHostException e) {
          throw new IllegalArgumentException("an address of " + octets.length + " bytes", e);
        }
      }
    }
    return addresses;
  }
}
