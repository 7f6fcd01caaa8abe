// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.tokens;

/// Signs the token that a Secret holds for a service account.
@FunctionalInterface
public interface SecretTokens {
  /// @param uid of the account
  String sign(String namespace, String account, String uid, String secret);
}
