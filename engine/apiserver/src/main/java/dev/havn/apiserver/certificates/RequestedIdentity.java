// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Optional;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// A key of this machine's with the certificate that the authority of another one has signed for
/// it. Both lie in one file that only its owner reads, so that they always fit.
public final class RequestedIdentity {
  private final Path file;
  private final SecureRandom random;

  public RequestedIdentity(Path file, SecureRandom random) {
    this.file = file;
    this.random = random;
  }

  /// What is kept, empty when there is none yet.
  ///
  /// @throws IOException when the file holds something else
  public Optional<Authority.Identity> read() throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    String text = Files.readString(file);
    int end = text.indexOf("-----BEGIN CERTIFICATE-----");
    try {
      if (end < 0) {
        throw new GeneralSecurityException("no certificate");
      }
      X509Certificate certificate = Pem.certificate(text.substring(end));
      KeyPair keys =
          new KeyPair(certificate.getPublicKey(), Pem.privateKey(text.substring(0, end)));
      return Optional.of(new Authority.Identity(keys, certificate));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(file + " holds no key with its certificate: " + e.getMessage(), e);
    }
  }

  /// A new key; on the P-256 curve.
  public KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("P-256 is part of every JDK", e);
    }
  }

  /// Keeps a key and what was signed for it.
  ///
  /// @param pem the certificate
  public Authority.Identity keep(KeyPair keys, String pem) throws IOException {
    try {
      Authority.Identity identity = new Authority.Identity(keys, Pem.certificate(pem));
      if (!identity.certificate().getPublicKey().equals(keys.getPublic())) {
        throw new IOException("the certificate that was issued is another key's");
      }
      Path fresh =
          Files.createTempFile(
              file.getParent(),
              String.valueOf(file.getFileName()),
              ".new",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(
          fresh, Pem.encode("PRIVATE KEY", keys.getPrivate().getEncoded()) + pem.strip() + "\n");
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      return identity;
    } catch (GeneralSecurityException e) {
      throw new IOException("what was issued is no certificate: " + e.getMessage(), e);
    }
  }

  /// A request for a certificate (PKCS #10) as PEM.
  ///
  /// @param address where its holder is reached, empty for who is a client only
  public static String request(KeyPair keys, String organization, String user, String address) {
    try {
      JcaPKCS10CertificationRequestBuilder builder =
          new JcaPKCS10CertificationRequestBuilder(
              new X500NameBuilder()
                  .addRDN(BCStyle.O, organization)
                  .addRDN(BCStyle.CN, user)
                  .build(),
              keys.getPublic());
      if (!address.isEmpty()) {
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(new GeneralName(GeneralName.iPAddress, address)));
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      return Pem.encode(
          "CERTIFICATE REQUEST",
          builder
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
              .getEncoded());
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException("a request by a key that was just made", e);
    }
  }
}
