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
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;

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

  /// A private key as PEM (PKCS #8).
  public static String of(PrivateKey key) {
    return encode("PRIVATE KEY", key.getEncoded());
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
