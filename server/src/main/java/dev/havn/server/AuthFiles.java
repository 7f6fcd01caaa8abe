// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.authentication.AnonymousAccess;
import dev.havn.apiserver.authentication.AuthenticationConfiguration;
import dev.havn.apiserver.authentication.AuthenticationOptions;
import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.configuration.WatchedFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What says who may ask and who is who, in the formats and under the names of kube-apiserver.
///
/// @param authentication `AuthenticationConfiguration` of `apiserver.config.k8s.io/v1`, or null
/// @param anonymous whether who does not say who he is may ask; empty when nobody says so
/// @param bootstrapTokens whether they are taken
public record AuthFiles(
    @Nullable Path authentication, Optional<Boolean> anonymous, boolean bootstrapTokens) {
  static final AuthFiles NONE = new AuthFiles(null, Optional.empty(), true);

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
        read, new AnonymousAccess(anonymous.orElse(true), Set.of()), bootstrapTokens);
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
      throw new StartException(what + " " + file + ": " + e.getMessage(), e);
    }
  }
}
