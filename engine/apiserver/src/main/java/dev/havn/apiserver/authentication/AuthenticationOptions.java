// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.webhook.KubeconfigTarget;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How users are found besides the ways that are always there, which are client certificates and
/// tokens of service accounts.
///
/// @param configuration an `AuthenticationConfiguration` that was found right, looked at again
///   while the server runs; null for none
/// @param anonymous what holds where the file says nothing of it
/// @param bootstrapTokens whether those are taken
/// @param webhook what is asked about tokens that nobody else knows, or null
public record AuthenticationOptions(
    @Nullable ReadFile configuration,
    AnonymousAccess anonymous,
    boolean bootstrapTokens,
    @Nullable Webhook webhook) {
  public static final AuthenticationOptions STANDARD =
      new AuthenticationOptions(null, AnonymousAccess.EVERYWHERE, true, null);

  /// A server that answers TokenReviews.
  ///
  /// @param version of `authentication.k8s.io`: `v1` or `v1beta1`
  /// @param remembered how long an answer is
  public record Webhook(KubeconfigTarget target, String version, Duration remembered) {}
}
