// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.tokens;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Deletes bootstrap tokens whose time is over.
public final class TokenCleaner implements Reconciler {
  private final Informer<Secret> secrets;
  private final Api api;
  private final InstantSource clock;

  /// @param secrets of the type
  public TokenCleaner(Informer<Secret> secrets, Api api, InstantSource clock) {
    this.secrets = secrets;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Secret secret = secrets.get(key.namespace(), key.name());
    if (secret == null || !key.namespace().equals(BootstrapSecret.NAMESPACE)) {
      return Result.DONE;
    }
    Optional<Duration> left = new BootstrapSecret(secret).left(clock.instant());
    if (left.isEmpty() || !left.get().isZero()) {
      return Result.atTime(left.orElse(null));
    }
    ObjectNode options = Api.object();
    options.putObject("preconditions").put("uid", secret.getMetadata().getUid());
    try {
      api.delete(Api.path(Secret.class, key.namespace(), key.name()), options);
    } catch (Api.RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
    }
    return Result.DONE;
  }
}
