// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import dev.havn.ingress.routing.RoutingTable.Identity;
import io.fabric8.kubernetes.api.model.Secret;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The certificate of a Secret and its key, in any of the forms in which `openssl` writes keys:
/// PKCS#8, PKCS#1 for RSA, SEC 1 for elliptic curves.
public final class TlsSecret {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([^-]+)-----END \\1-----");

  /// The algorithm of RSA keys with no parameters, in DER (RFC 8017, appendix A).
  private static final byte[] RSA = {
    0x30,
    0x0d,
    0x06,
    0x09,
    0x2a,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xf7,
    0x0d,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };

  /// `id-ecPublicKey` in DER (RFC 5480).
  private static final byte[] EC = {
    0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01
  };

  private static final byte[] VERSION = {0x02, 0x01, 0x00};
  private static final int SEQUENCE = 0x30;
  private static final int OCTETS = 0x04;
  private static final int PARAMETERS = 0xa0;
  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");
  private static final int CERTIFICATE_CHARS_MAX = 256 << 10;
  private static final int KEY_CHARS_MAX = 64 << 10;
  private static final int LENGTH_BYTES_MAX = 3;

  /// Each greeting signs with it, on a thread of many, in a time that grows with the cube.
  private static final int RSA_BITS_MAX = 8_192;

  private TlsSecret() {}

  /// What is wrong with a Secret.
  public static final class UnusableException extends Exception {
    UnusableException(String why, @Nullable Throwable cause) {
      super(why, cause);
    }
  }

  /// Something in PEM.
  ///
  /// @param name by which it is called when it is of no use
  public record Text(String name, String pem) {}

  /// What is read from a Secret. Whatever a tenant writes into it ends here, not in the process
  /// that reads it.
  public static Identity read(Secret secret) throws UnusableException {
    try {
      return parsed(
          new Text("tls.crt", text(secret, "tls.crt", CERTIFICATE_CHARS_MAX)),
          new Text("tls.key", text(secret, "tls.key", KEY_CHARS_MAX)));
    } catch (RuntimeException | StackOverflowError e) {
      throw new UnusableException("it cannot be read: " + e.getMessage(), e);
    }
  }

  /// A certificate, with those of its issuers behind it, and its key.
  public static Identity read(Text certificates, Text key) throws UnusableException {
    try {
      return parsed(certificates, key);
    } catch (RuntimeException | StackOverflowError e) {
      throw new UnusableException(certificates.name() + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static Identity parsed(Text certificates, Text key) throws UnusableException {
    List<X509Certificate> chain = new ArrayList<>();
    try {
      for (Certificate each :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(certificates.pem().getBytes(StandardCharsets.UTF_8)))) {
        chain.add((X509Certificate) each);
      }
    } catch (GeneralSecurityException e) {
      throw new UnusableException(certificates.name() + " holds no certificate", e);
    }
    if (chain.isEmpty()) {
      throw new UnusableException(certificates.name() + " holds no certificate", null);
    }
    inOrder(chain, certificates.name());
    PrivateKey parsed = key(key);
    for (Object each : List.of(parsed, chain.getFirst().getPublicKey())) {
      if (each instanceof RSAKey rsa && rsa.getModulus().bitLength() > RSA_BITS_MAX) {
        throw new UnusableException("an RSA key has at most " + RSA_BITS_MAX + " bits", null);
      }
    }
    String others = key.name() + " is not the key of " + certificates.name();
    try {
      if (!belong(parsed, chain.getFirst().getPublicKey())) {
        throw new UnusableException(others, null);
      }
    } catch (GeneralSecurityException e) {
      throw new UnusableException(others, e);
    }
    return new Identity(parsed, List.copyOf(chain));
  }

  /// Clients take no other order, nor does the JDK.
  private static void inOrder(List<X509Certificate> chain, String name) throws UnusableException {
    for (int i = 0; i + 1 < chain.size(); i++) {
      if (!chain.get(i).getIssuerX500Principal().equals(chain.get(i + 1).getSubjectX500Principal())
          || chain.indexOf(chain.get(i + 1)) <= i) {
        throw new UnusableException(
            "certificate %d of %s is not the issuer of the one before".formatted(i + 2, name),
            null);
      }
    }
  }

  private static String text(Secret secret, String name, int most) throws UnusableException {
    @Nullable String encoded = secret.getData() == null ? null : secret.getData().get(name);
    if (encoded == null || encoded.isEmpty()) {
      throw new UnusableException("it has no " + name, null);
    }
    if (encoded.length() > most) {
      throw new UnusableException(name + " is too long", null);
    }
    return new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
  }

  private static PrivateKey key(Text key) throws UnusableException {
    Matcher found = KEY.matcher(key.pem());
    if (!found.find()) {
      throw new UnusableException(key.name() + " holds no private key", null);
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(found.group(2).strip());
      byte[] pkcs8 =
          switch (found.group(1)) {
            case "RSA PRIVATE KEY" -> wrapped(RSA, der);
            case "EC PRIVATE KEY" -> wrapped(der(SEQUENCE, EC, curve(der)), der);
            default -> der;
          };
      for (String algorithm : ALGORITHMS) {
        @Nullable PrivateKey tried = tried(algorithm, pkcs8);
        if (tried != null) {
          return tried;
        }
      }
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new UnusableException(key.name() + " holds no private key", e);
    }
    throw new UnusableException(key.name() + " is a key of a kind that is not known", null);
  }

  private static @Nullable PrivateKey tried(String algorithm, byte[] pkcs8) {
    try {
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    } catch (GeneralSecurityException another) {
      return null;
    }
  }

  private static byte[] wrapped(byte[] algorithm, byte[] key) {
    return der(SEQUENCE, VERSION, algorithm, der(OCTETS, key));
  }

  private static byte[] der(int tag, byte[]... parts) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      body.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = body.size();
    if (length < 0x80) {
      out.write(length);
    } else if (length < 0x100) {
      out.write(0x81);
      out.write(length);
    } else {
      out.write(0x82);
      out.write(length >> 8);
      out.write(length);
    }
    out.writeBytes(body.toByteArray());
    return out.toByteArray();
  }

  /// The parameters that a key of SEC 1 carries: version, key, then under a tag the curve's name.
  private static byte[] curve(byte[] key) {
    int at = header(key, 0);
    at = after(key, at);
    at = after(key, at);
    if ((key[at] & 0xff) != PARAMETERS) {
      throw new IllegalArgumentException("the key names no curve");
    }
    return Arrays.copyOfRange(key, header(key, at), after(key, at));
  }

  /// Where what stands at `at` begins behind its tag and length.
  private static int header(byte[] der, int at) {
    int length = der[at + 1] & 0xff;
    return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
  }

  /// Where it ends. Never beyond the key: a copy of more than there is would be filled up, to any
  /// length that is claimed.
  private static int after(byte[] der, int at) {
    int length = der[at + 1] & 0xff;
    if (length >= 0x80) {
      int bytes = length & 0x7f;
      if (bytes > LENGTH_BYTES_MAX) {
        throw new IllegalArgumentException("a part claims more than a key can have");
      }
      length = 0;
      for (int i = 0; i < bytes; i++) {
        length = length << 8 | der[at + 2 + i] & 0xff;
      }
    }
    int end = header(der, at) + length;
    if (end > der.length) {
      throw new IllegalArgumentException("a part is longer than the key");
    }
    return end;
  }

  private static boolean belong(PrivateKey key, PublicKey shown) throws GeneralSecurityException {
    String name =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> "EdDSA";
        };
    byte[] words = "whose key".getBytes(StandardCharsets.UTF_8);
    Signature signing = Signature.getInstance(name);
    signing.initSign(key);
    signing.update(words);
    Signature checking = Signature.getInstance(name);
    checking.initVerify(shown);
    checking.update(words);
    return checking.verify(signing.sign());
  }
}
