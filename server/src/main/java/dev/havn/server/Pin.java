// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/// The hash by which who joins knows the cluster's authority: `sha256:` and that of its public key
/// (RFC 7469, section 2.4, in hexadecimal), as with kubeadm.
final class Pin {
  static final String FORM = "sha256:[0-9a-f]{64}";

  private Pin() {}

  static String of(X509Certificate authority) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(authority.getPublicKey().getEncoded());
      return "sha256:" + HexFormat.of().formatHex(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
    }
  }
}
