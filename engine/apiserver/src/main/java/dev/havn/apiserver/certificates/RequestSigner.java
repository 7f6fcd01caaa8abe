// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/// Makes certificates of what others ask for: their subject, their alternative names, their key,
/// and of extensions only those that follow from the usages.
public final class RequestSigner {
  private static final int SERIAL_BITS = 127;

  /// Bits, and for how the key may be used beyond them object identifiers in the order in which
  /// Kubernetes lists them.
  private static final Map<String, Integer> BITS =
      Map.of(
          "signing", KeyUsage.digitalSignature,
          "digital signature", KeyUsage.digitalSignature,
          "content commitment", KeyUsage.nonRepudiation,
          "key encipherment", KeyUsage.keyEncipherment,
          "key agreement", KeyUsage.keyAgreement,
          "data encipherment", KeyUsage.dataEncipherment,
          "cert sign", KeyUsage.keyCertSign,
          "crl sign", KeyUsage.cRLSign,
          "encipher only", KeyUsage.encipherOnly,
          "decipher only", KeyUsage.decipherOnly);

  private static final List<Purpose> PURPOSES =
      List.of(
          new Purpose("any", "2.5.29.37.0"),
          new Purpose("server auth", "1.3.6.1.5.5.7.3.1"),
          new Purpose("client auth", "1.3.6.1.5.5.7.3.2"),
          new Purpose("code signing", "1.3.6.1.5.5.7.3.3"),
          new Purpose("email protection", "1.3.6.1.5.5.7.3.4"),
          new Purpose("s/mime", "1.3.6.1.5.5.7.3.4"),
          new Purpose("ipsec end system", "1.3.6.1.5.5.7.3.5"),
          new Purpose("ipsec tunnel", "1.3.6.1.5.5.7.3.6"),
          new Purpose("ipsec user", "1.3.6.1.5.5.7.3.7"),
          new Purpose("timestamping", "1.3.6.1.5.5.7.3.8"),
          new Purpose("ocsp signing", "1.3.6.1.5.5.7.3.9"),
          new Purpose("microsoft sgc", "1.3.6.1.4.1.311.10.3.3"),
          new Purpose("netscape sgc", "2.16.840.1.113730.4.1"));

  private final X509Certificate authority;
  private final PrivateKey key;
  private final SecureRandom random;

  private record Purpose(String usage, String identifier) {}

  RequestSigner(X509Certificate authority, PrivateKey key, SecureRandom random) {
    this.authority = authority;
    this.key = key;
    this.random = random;
  }

  /// @param request PKCS #10 as PEM
  /// @param usages as the API names them
  /// @return a certificate as PEM
  /// @throws IllegalArgumentException when the request is none, or not signed by its own key
  public String sign(String request, List<String> usages, Instant from, Instant until) {
    PKCS10CertificationRequest asked = CertificateRequest.parse(request);
    try {
      if (!asked.isSignatureValid(
          new JcaContentVerifierProviderBuilder().build(asked.getSubjectPublicKeyInfo()))) {
        throw new IllegalArgumentException("unable to verify certificate request signature");
      }
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
              X500Name.getInstance(authority.getSubjectX500Principal().getEncoded()),
              new BigInteger(SERIAL_BITS, random),
              Date.from(from),
              Date.from(until),
              asked.getSubject(),
              asked.getSubjectPublicKeyInfo());
      extend(builder, asked, usages);
      return Pem.encode(
          "CERTIFICATE",
          builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)).getEncoded());
    } catch (IOException | OperatorCreationException | PKCSException e) {
      throw new IllegalArgumentException("a request that cannot be signed: " + e.getMessage(), e);
    }
  }

  private static void extend(
      X509v3CertificateBuilder builder, PKCS10CertificationRequest asked, List<String> usages)
      throws IOException {
    int bits =
        usages.stream().mapToInt(each -> BITS.getOrDefault(each, 0)).reduce(0, (a, b) -> a | b);
    if (bits != 0) {
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(bits));
    }
    Map<Integer, KeyPurposeId> purposes = new TreeMap<>();
    for (int i = 0; i < PURPOSES.size(); i++) {
      if (usages.contains(PURPOSES.get(i).usage())) {
        KeyPurposeId purpose =
            KeyPurposeId.getInstance(new ASN1ObjectIdentifier(PURPOSES.get(i).identifier()));
        if (!purposes.containsValue(purpose)) {
          purposes.put(i, purpose);
        }
      }
    }
    if (!purposes.isEmpty()) {
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(purposes.values().toArray(KeyPurposeId[]::new)));
    }
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    GeneralName[] names =
        CertificateRequest.alternatives(asked).stream()
            .filter(name -> CertificateRequest.KINDS.contains(name.getTagNo()))
            .toArray(GeneralName[]::new);
    if (names.length > 0) {
      boolean isOnlyName = asked.getSubject().getRDNs().length == 0;
      builder.addExtension(Extension.subjectAlternativeName, isOnlyName, new GeneralNames(names));
    }
  }
}
