// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.authentication.AnonymousAccess;
import dev.havn.apiserver.authentication.AuthenticationConfiguration;
import dev.havn.apiserver.authentication.AuthenticationOptions;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.configuration.WatchedFile;
import dev.havn.apiserver.webhook.KubeconfigTarget;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What says who may ask and who is who, in the formats and under the names of kube-apiserver.
///
/// @param authentication `AuthenticationConfiguration` of `apiserver.config.k8s.io/v1`, or null
/// @param anonymous whether who does not say who he is may ask; empty when nobody says so
/// @param bootstrapTokens whether they are taken
/// @param authorization `AuthorizationConfiguration` of `apiserver.config.k8s.io/v1`, or null
public record AuthFiles(
    @Nullable Path authentication,
    Optional<Boolean> anonymous,
    boolean bootstrapTokens,
    TokenWebhook tokenWebhook,
    @Nullable Path authorization) {
  static final AuthFiles NONE =
      new AuthFiles(null, Optional.empty(), true, TokenWebhook.NONE, null);

  /// What is asked about tokens that nobody else knows.
  ///
  /// @param kubeconfig names the server, or null for nobody
  /// @param version in which it is asked: `v1` or `v1beta1`
  /// @param remembered how long its answers are
  public record TokenWebhook(@Nullable Path kubeconfig, String version, Duration remembered) {
    static final TokenWebhook NONE = new TokenWebhook(null, "v1beta1", Duration.ofMinutes(2));
  }

  /// Reads and checks them.
  ///
  /// @throws StartException in words that name the file
  AuthenticationOptions authenticationOptions() {
    @Nullable ReadFile read =
        read(
            authentication,
            "authentication configuration",
            bytes -> {
              if (AuthenticationConfiguration.parse(bytes).anonymous().isPresent()
                  && anonymous.isPresent()) {
                throw new IllegalArgumentException(
                    "anonymous: Forbidden: anonymous-auth cannot be set when anonymous field is configured in authentication configuration file");
              }
            });
    return new AuthenticationOptions(
        read, new AnonymousAccess(anonymous.orElse(true), Set.of()), bootstrapTokens, webhook());
  }

  private AuthenticationOptions.@Nullable Webhook webhook() {
    Path file = tokenWebhook.kubeconfig();
    if (file == null) {
      return null;
    }
    try {
      return new AuthenticationOptions.Webhook(
          KubeconfigTarget.read(file), tokenWebhook.version(), tokenWebhook.remembered());
    } catch (IllegalArgumentException e) {
      throw new StartException("token webhook: " + e.getMessage(), e);
    }
  }

  /// The same of the authorizers.
  ///
  /// @throws StartException in words that name the file
  @Nullable ReadFile authorizationFile() {
    return read(authorization, "authorization configuration", Authorizer::check);
  }

  private static @Nullable ReadFile read(@Nullable Path file, String what, Consumer<byte[]> check) {
    if (file == null) {
      return null;
    }
    try {
      byte[] bytes = WatchedFile.read(file);
      check.accept(bytes);
      return new ReadFile(file, bytes);
    } catch (NoSuchFileException e) {
      throw new StartException(what + " " + file + ": there is no such file", e);
    } catch (IOException e) {
      throw new StartException(what + " " + file + " cannot be read: " + e, e);
    } catch (IllegalArgumentException e) {
      String words = String.valueOf(e.getMessage()).replaceAll("\\s*\n\\s*", " ");
      throw new StartException(what + " " + file + ": " + words, e);
    }
  }
}
