// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.authentication.TokenAuthenticator.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// All authenticators of tokens, one after the other: the first that knows a token counts. For many
/// threads.
final class BearerTokens {
  static final String INVALID = "invalid bearer token";

  private final List<TokenAuthenticator> authenticators;
  private final List<String> own;

  /// @param own audiences of the API server
  BearerTokens(List<TokenAuthenticator> authenticators, List<String> own) {
    this.authenticators = List.copyOf(authenticators);
    this.own = List.copyOf(own);
  }

  List<String> own() {
    return own;
  }

  /// For this API server.
  Outcome authenticate(String token) {
    return authenticate(token, own);
  }

  Outcome authenticate(String token, List<String> audiences) {
    if (token.length() > TokenAuthenticator.TOKEN_CHARS_MAX) {
      return Outcome.NONE;
    }
    Set<String> refusals = new LinkedHashSet<>(List.of(INVALID));
    for (TokenAuthenticator each : authenticators) {
      switch (each.authenticate(token, audiences)) {
        case Outcome.Known known -> {
          return known;
        }
        case Outcome.Refused(String why) -> refusals.add(why);
        case Outcome.None _ -> {}
      }
    }
    return refusals.size() == 1
        ? Outcome.NONE
        : new Outcome.Refused("[" + String.join(", ", new ArrayList<>(refusals)) + "]");
  }
}
