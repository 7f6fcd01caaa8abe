// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
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
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// PEM (RFC 7468).
public final class Pem {
  private static final int LINE_CHARS = 64;
  private static final int SCALAR_BYTES = 32;

  /// An uncompressed point: a 4, and two coordinates.
  private static final int POINT_BYTES = 1 + 2 * SCALAR_BYTES;

  /// A sequence that begins with version 1 and an octet string, the scalar.
  private static final byte[] SEC1_BEGIN = HexFormat.of().parseHex("30770201010420");

  /// The object identifier of the curve, tagged 0, and a bit string, the point, tagged 1.
  private static final byte[] SEC1_CURVE =
      HexFormat.of().parseHex("a00a06082a8648ce3d030107a144034200");

  private static final int SEC1_BYTES =
      SEC1_BEGIN.length + SCALAR_BYTES + SEC1_CURVE.length + POINT_BYTES;

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
  ///
  /// All such keys are of one length, so their form is put together from its parts: a library that
  /// can do more would be loaded at every start.
  public static String of(KeyPair keys) {
    byte[] scalar = ((ECPrivateKey) keys.getPrivate()).getS().toByteArray();
    byte[] info = keys.getPublic().getEncoded();
    ByteBuffer der = ByteBuffer.allocate(SEC1_BYTES);
    der.put(SEC1_BEGIN);
    int skipped = Math.max(0, scalar.length - SCALAR_BYTES);
    der.position(SEC1_BEGIN.length + SCALAR_BYTES - (scalar.length - skipped));
    der.put(scalar, skipped, scalar.length - skipped);
    der.put(SEC1_CURVE).put(info, info.length - POINT_BYTES, POINT_BYTES);
    return encode("EC PRIVATE KEY", der.array());
  }

  /// The first certificate of a text.
  public static X509Certificate certificate(String pem) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
  }

  /// All certificates of a text.
  public static List<X509Certificate> certificates(String pem) throws GeneralSecurityException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
        .stream()
        .map(X509Certificate.class::cast)
        .toList();
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
