// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/// PEM (RFC 7468).
public final class Pem {
  private static final int LINE_CHARS = 64;

  private Pem() {}

  public static String encode(String label, byte[] bytes) {
    String body =
        Base64.getMimeEncoder(LINE_CHARS, "\n".getBytes(StandardCharsets.US_ASCII))
            .encodeToString(bytes);
    return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
  }

  /// A certificate as PEM.
  public static String of(X509Certificate certificate) {
    try {
      return encode("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("a certificate without encoding", e);
    }
  }

  /// A P-256 key as SEC 1 has it (RFC 5915), with its public half: the one form that every client
  /// library reads. fabric8 takes an elliptic key in PKCS #8 for a broken RSA key, and the official
  /// Java client wants the public half.
  public static String of(KeyPair keys) {
    ECPrivateKey key = (ECPrivateKey) keys.getPrivate();
    SubjectPublicKeyInfo known = SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded());
    try {
      return encode(
          "EC PRIVATE KEY",
          new org.bouncycastle.asn1.sec.ECPrivateKey(
                  key.getParams().getOrder().bitLength(),
                  key.getS(),
                  known.getPublicKeyData(),
                  SECObjectIdentifiers.secp256r1)
              .getEncoded());
    } catch (IOException e) {
      throw new IllegalArgumentException("a key without encoding", e);
    }
  }

  static X509Certificate certificate(String pem) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
  }

  static PrivateKey privateKey(String pem) throws GeneralSecurityException {
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(decode(pem)));
  }

  static Optional<KeyPair> readKeys(Path key, Path publicKey)
      throws IOException, GeneralSecurityException {
    if (!Files.exists(key) || !Files.exists(publicKey)) {
      return Optional.empty();
    }
    return Optional.of(
        new KeyPair(
            KeyFactory.getInstance("EC")
                .generatePublic(new X509EncodedKeySpec(decode(Files.readString(publicKey)))),
            privateKey(Files.readString(key))));
  }

  private static byte[] decode(String pem) {
    return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
  }
}
