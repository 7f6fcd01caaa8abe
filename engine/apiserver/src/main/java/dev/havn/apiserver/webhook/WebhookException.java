// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// A webhook that was not reached, did not answer in time, or answered something else than an
/// object. The message is what Kubernetes' client would say, from `Post "https://..."` on.
public final class WebhookException extends RuntimeException {
  private final transient @Nullable ObjectNode status;

  WebhookException(String message) {
    super(message);
    this.status = null;
  }

  WebhookException(String message, Throwable cause) {
    super(message, cause);
    this.status = null;
  }

  /// @param status the `Status` with which the webhook answered
  WebhookException(String message, ObjectNode status) {
    super(message);
    this.status = status;
  }

  /// The `Status` that came as the answer, or null.
  public @Nullable ObjectNode status() {
    return status;
  }
}
