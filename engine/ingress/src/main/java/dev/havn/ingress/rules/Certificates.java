// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import dev.havn.ingress.routing.RoutingTable.Identity;
import io.fabric8.kubernetes.api.model.Secret;
import org.jspecify.annotations.Nullable;

/// Certificates of Secrets, each read once while it stays as it is: whether a key belongs to its
/// certificate is found out by signing, which for large keys takes long. Of one thread.
public final class Certificates {
  private static final int REMEMBERED_MAX = 4_096;

  private final Remembered<Version, Outcome> known = new Remembered<>(REMEMBERED_MAX);

  private record Version(String uid, String resourceVersion) {}

  private record Outcome(
      @Nullable Identity identity, TlsSecret.@Nullable UnusableException problem) {
    Identity get() throws TlsSecret.UnusableException {
      if (identity == null) {
        throw new TlsSecret.UnusableException(
            problem == null ? "it cannot be read" : String.valueOf(problem.getMessage()), problem);
      }
      return identity;
    }
  }

  /// Begins another look at all Secrets that are named.
  public void turn() {
    known.turn();
  }

  public Identity of(Secret secret) throws TlsSecret.UnusableException {
    @Nullable String uid = secret.getMetadata().getUid();
    @Nullable String version = secret.getMetadata().getResourceVersion();
    return uid == null || version == null
        ? TlsSecret.read(secret)
        : known.get(new Version(uid, version), _ -> read(secret)).get();
  }

  private static Outcome read(Secret secret) {
    try {
      return new Outcome(TlsSecret.read(secret), null);
    } catch (TlsSecret.UnusableException e) {
      return new Outcome(null, e);
    }
  }
}
