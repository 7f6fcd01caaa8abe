// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

/// A webhook that could not be asked, or whose answer is none: what `failurePolicy` is about. A
/// refusal is an `ApiException`.
final class WebhookFailure extends RuntimeException {
  WebhookFailure(Webhook webhook, String why, Throwable cause) {
    super("failed calling webhook \"" + webhook.name() + "\": " + why, cause);
  }

  WebhookFailure(Webhook webhook, String why) {
    super("failed calling webhook \"" + webhook.name() + "\": " + why);
  }
}
