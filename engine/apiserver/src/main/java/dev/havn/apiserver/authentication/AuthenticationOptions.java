// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.configuration.ReadFile;
import org.jspecify.annotations.Nullable;

/// How users are found besides the ways that are always there, which are client certificates and
/// tokens of service accounts.
///
/// @param configuration an `AuthenticationConfiguration` that was found right, looked at again
///   while the server runs; null for none
/// @param anonymous what holds where the file says nothing of it
/// @param bootstrapTokens whether those are taken
public record AuthenticationOptions(
    @Nullable ReadFile configuration, AnonymousAccess anonymous, boolean bootstrapTokens) {
  public static final AuthenticationOptions STANDARD =
      new AuthenticationOptions(null, AnonymousAccess.EVERYWHERE, true);
}
