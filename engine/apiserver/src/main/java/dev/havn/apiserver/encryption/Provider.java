// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import java.security.GeneralSecurityException;

/// One way to encrypt, with one key. What it has encrypted begins with its prefix, in Kubernetes'
/// form: `k8s:enc:aesgcm:v1:key1:`.
///
/// Safe for many threads.
sealed interface Provider permits AesCbc, AesGcm, Identity, KeyService, SecretBox {
  /// What encrypted values begin with in any Kubernetes.
  String ENCRYPTED = "k8s:enc:";

  /// What its own values begin with.
  String prefix();

  /// What seals now; another one than before when the key behind it is another.
  default String by() {
    return prefix();
  }

  /// Without the prefix.
  ///
  /// @param context that the value belongs to and cannot be moved away from, where the cipher can
  ///   tell
  byte[] encrypt(byte[] value, byte[] context) throws GeneralSecurityException;

  /// @param sealed without the prefix
  Plain decrypt(byte[] sealed, byte[] context) throws GeneralSecurityException;

  /// @param by what had sealed it
  record Plain(byte[] value, String by) {}
}
