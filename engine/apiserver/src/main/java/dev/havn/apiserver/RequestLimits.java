// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.http.BodyRefusedException;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.schema.codec.GoDuration;
import org.jspecify.annotations.Nullable;

/// The time and the room that a request takes, in the API's words.
final class RequestLimits {
  private RequestLimits() {}

  /// Reads the `timeout` that any request may name, before anybody asks who sends it.
  ///
  /// @param isLong whether the request ends when its client wants, so that none is looked at
  static void checkTimeout(Request request, boolean isLong) {
    @Nullable String asked = request.query().first("timeout");
    if (asked == null || asked.isEmpty() || isLong) {
      return;
    }
    if (GoDuration.parse(asked).isEmpty()) {
      throw ApiException.badRequest(
          "invalid timeout specified in the request URL - " + GoDuration.problem(asked));
    }
  }

  static ApiException refusal(BodyRefusedException e) {
    return switch (e.why()) {
      case BROKEN -> ApiException.unreasoned(String.valueOf(e.getMessage()));
      case NO_ROOM ->
          ApiException.tooManyRequests("too many bodies are read now, please try again later", 1);
      case TOO_SLOW, GONE -> ApiException.timeout("the body of the request did not arrive in time");
    };
  }
}
