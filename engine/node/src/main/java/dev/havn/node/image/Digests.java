// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256, by which images name their parts.
public final class Digests {
  static final String ALGORITHM = "sha256:";

  private Digests() {}

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("SHA-256 is part of every JDK", e);
    }
  }

  static DigestInputStream watching(InputStream in) {
    return new DigestInputStream(in, digest());
  }

  /// Of all that came through; reads the rest.
  static String of(DigestInputStream in) throws IOException {
    in.transferTo(OutputStream.nullOutputStream());
    return HexFormat.of().formatHex(in.getMessageDigest().digest());
  }

  static String of(Path file) throws IOException {
    try (DigestInputStream in = watching(Files.newInputStream(file))) {
      return of(in);
    }
  }

  /// With its algorithm before it, as registries write it.
  public static String ofFile(Path file) throws IOException {
    return ALGORITHM + of(file);
  }

  /// With its algorithm before it, as registries write it.
  public static String ofBytes(byte[] bytes) {
    return ALGORITHM + HexFormat.of().formatHex(digest().digest(bytes));
  }
}
