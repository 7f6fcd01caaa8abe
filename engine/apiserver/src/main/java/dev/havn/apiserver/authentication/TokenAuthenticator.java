// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import java.util.List;

/// One way to find out for whom a bearer token speaks. For many threads.
@FunctionalInterface
public interface TokenAuthenticator {
  /// A token for which no authenticator may be asked.
  int TOKEN_CHARS_MAX = 64 << 10;

  /// What came of it.
  sealed interface Outcome {
    /// A token of another kind, or one that is not valid and there is nothing to say about it.
    Outcome NONE = new None();

    /// It speaks for somebody.
    ///
    /// @param audiences those of the ones asked for that it is meant for
    record Known(UserInfo user, List<String> audiences) implements Outcome {}

    /// It is of this kind, and not valid.
    ///
    /// @param why in Kubernetes' words
    record Refused(String why) implements Outcome {}

    /// See [#NONE].
    record None() implements Outcome {}
  }

  /// @param audiences one of which it must be meant for; never empty
  Outcome authenticate(String token, List<String> audiences);

  /// One that knows no audiences: its tokens are meant for this API server and nobody else.
  ///
  /// @param own the API server's
  static TokenAuthenticator forAudiences(List<String> own, TokenAuthenticator other) {
    return (token, audiences) -> {
      List<String> meant = audiences.stream().filter(own::contains).toList();
      return meant.isEmpty() ? Outcome.NONE : other.authenticate(token, meant);
    };
  }
}
