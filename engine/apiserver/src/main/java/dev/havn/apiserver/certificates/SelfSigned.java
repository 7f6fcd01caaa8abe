// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Certificates that vouch for themselves, for doors that nobody has given one. They are kept in
/// memory only.
public final class SelfSigned {
  private static final Duration LIFETIME = Duration.ofDays(365);
  private static final Duration BACKDATE = Duration.ofHours(1);

  private SelfSigned() {}

  /// A server's identity for these names and addresses, for a year. P-256.
  ///
  /// @param name its common name
  /// @throws IOException when the JVM cannot make one
  public static Authority.Identity server(
      String name, List<String> names, List<String> addresses, Instant now, SecureRandom random)
      throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      KeyPair keys = generator.generateKeyPair();
      String subject = "CN=" + name;
      return new Authority.Identity(
          keys,
          new Issuer(subject, keys.getPrivate(), random)
              .issue(
                  subject,
                  keys.getPublic(),
                  Issuer.Purpose.SERVER,
                  new Issuer.Holder(names, addresses),
                  now.minus(BACKDATE),
                  now.plus(LIFETIME)));
    } catch (GeneralSecurityException e) {
      throw new IOException("a certificate for " + name + ": " + e.getMessage(), e);
    }
  }
}
