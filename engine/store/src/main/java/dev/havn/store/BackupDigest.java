// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// SHA-256 over all of a backup that comes before its end.
final class BackupDigest {
  private final MessageDigest digest;

  BackupDigest() {
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  void add(byte[] bytes) {
    digest.update(bytes);
  }

  byte[] value() {
    return digest.digest();
  }
}
