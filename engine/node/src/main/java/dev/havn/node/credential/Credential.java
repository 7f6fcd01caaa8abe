// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// By what a registry knows a client.
///
/// @param identityToken for which a token is asked instead of user and password, or empty
public record Credential(String user, String password, String identityToken, Source source) {

  /// Where it is from.
  ///
  /// @param uid of the Secret, empty for the node's own file
  public record Source(String namespace, String name, String uid) {
    public static final Source NODE = new Source("", "", "");
  }

  /// Whether all pods of the node may use it.
  public boolean isOfNode() {
    return source.equals(Source.NODE);
  }

  /// By which it is known again, and from which it cannot be found.
  public String hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String each : new String[] {user, password, identityToken}) {
        digest.update(each.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("SHA-256 is part of every JDK", e);
    }
  }

  @Override
  public String toString() {
    return "credential of " + user;
  }
}
