// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Signs certificates. Apart from [Authority], so that a start that needs no new certificate loads
/// nothing of the library that makes them.
final class Issuer {
  private static final int SERIAL_BITS = 127;

  private final String name;
  private final PrivateKey key;
  private final SecureRandom random;

  /// What a certificate is good for.
  enum Purpose {
    AUTHORITY,
    SERVER,
    CLIENT
  }

  /// Where the holder of a certificate is reached.
  ///
  /// @param names of DNS
  /// @param addresses IPv4 or IPv6
  record Holder(List<String> names, List<String> addresses) {
    static final Holder NAMELESS = new Holder(List.of(), List.of());

    private GeneralName[] alternatives() {
      List<GeneralName> all = new ArrayList<>();
      names.forEach(each -> all.add(new GeneralName(GeneralName.dNSName, each)));
      addresses.forEach(each -> all.add(new GeneralName(GeneralName.iPAddress, each)));
      return all.toArray(GeneralName[]::new);
    }
  }

  /// @param name its distinguished name, as the certificates that it signs show it
  Issuer(String name, PrivateKey key, SecureRandom random) {
    this.name = name;
    this.key = key;
    this.random = random;
  }

  X509Certificate issue(
      String subject, PublicKey holds, Purpose purpose, Holder holder, Instant from, Instant until)
      throws GeneralSecurityException {
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            new X500Name(name),
            new BigInteger(SERIAL_BITS, random),
            Date.from(from),
            Date.from(until),
            new X500Name(subject),
            holds);
    try {
      extend(builder, purpose, holder);
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
    } catch (IOException | OperatorCreationException e) {
      throw new GeneralSecurityException("a certificate for " + subject, e);
    }
  }

  private static void extend(X509v3CertificateBuilder builder, Purpose purpose, Holder holder)
      throws IOException {
    boolean signs = purpose == Purpose.AUTHORITY;
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(signs));
    int usage = signs ? KeyUsage.keyCertSign | KeyUsage.cRLSign : 0;
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage | KeyUsage.digitalSignature));
    if (!signs) {
      KeyPurposeId extended =
          purpose == Purpose.SERVER ? KeyPurposeId.id_kp_serverAuth : KeyPurposeId.id_kp_clientAuth;
      builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(extended));
    }
    GeneralName[] alternatives = holder.alternatives();
    if (alternatives.length > 0) {
      builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternatives));
    }
  }
}
