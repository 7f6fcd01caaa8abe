// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import org.jspecify.annotations.Nullable;

/// The certificate and key by which the scheduler shows an extender who it is. The library takes
/// keys in the forms of old, of which the first line says what they are; one in PKCS #8 says it
/// itself.
final class OwnKey {
  private static final Pattern PKCS8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");
  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");
  private static final char[] NO_PASSWORD = {};

  private OwnKey() {}

  static KeyManager[] of(ExtenderSettings.Identity identity)
      throws GeneralSecurityException, IOException {
    String key = new String(bytes(identity.key()), StandardCharsets.US_ASCII);
    Matcher pkcs8 = PKCS8.matcher(key);
    if (!pkcs8.find()) {
      return SSLUtils.keyManagers(
          identity.certificate().data(),
          identity.certificate().file(),
          identity.key().data(),
          identity.key().file(),
          key.contains("BEGIN EC PRIVATE KEY") ? "EC" : "RSA",
          "",
          null,
          null);
    }
    Certificate[] chain =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(bytes(identity.certificate())))
            .toArray(new Certificate[0]);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    store.setKeyEntry(
        "own", key(Base64.getMimeDecoder().decode(pkcs8.group(1))), NO_PASSWORD, chain);
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static byte[] bytes(ExtenderSettings.Pem pem) throws IOException {
    @Nullable String file = pem.file();
    return pem.data() != null || file == null
        ? Base64.getMimeDecoder().decode(pem.data() == null ? "" : pem.data())
        : Files.readAllBytes(Path.of(file));
  }

  private static PrivateKey key(byte[] pkcs8) throws GeneralSecurityException {
    for (String each : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(each).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      } catch (InvalidKeySpecException otherKind) {
        continue;
      }
    }
    throw new InvalidKeySpecException("the key is none of " + ALGORITHMS);
  }
}
