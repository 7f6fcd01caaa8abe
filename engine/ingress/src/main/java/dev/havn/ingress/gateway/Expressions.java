// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import com.google.re2j.PatternSyntaxException;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.rules.Remembered;
import org.jspecify.annotations.Nullable;

/// Regular expressions of routes, each made once for all that say the same, while one of them does.
/// All routes are looked at whenever an endpoint changes. Of one thread.
public final class Expressions {
  /// An expression of the largest size takes about 100 KiB.
  private static final int REMEMBERED_MAX = 1_024;

  private final Remembered<String, Outcome> known = new Remembered<>(REMEMBERED_MAX);

  private record Outcome(Match.@Nullable Text text, String problem) {}

  /// Begins another look at all routes.
  void turn() {
    known.turn();
  }

  Match.Text of(String expression) throws UnsupportedException {
    Outcome outcome = known.get(expression, Expressions::made);
    if (outcome.text() == null) {
      throw UnsupportedException.value(outcome.problem());
    }
    return outcome.text();
  }

  private static Outcome made(String expression) {
    try {
      return new Outcome(Match.Text.expression(expression), "");
    } catch (PatternSyntaxException e) {
      return new Outcome(null, "no regular expression: " + e.getMessage());
    }
  }
}
