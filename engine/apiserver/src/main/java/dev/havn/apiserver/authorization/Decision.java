// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

/// What an authorizer says.
///
/// @param reason which rule allows it; why not, where there is more to say than that no rule does;
///   empty otherwise
/// @param error what kept it from knowing; empty when nothing did
public record Decision(Verdict verdict, String reason, String error) {
  public static final Decision ALLOWED = allowed("");
  public static final Decision NO_OPINION = noOpinion("");

  /// The three things that it can say.
  public enum Verdict {
    ALLOW,
    /// Nobody who is asked later may allow it.
    DENY,
    NO_OPINION
  }

  static Decision allowed(String reason) {
    return new Decision(Verdict.ALLOW, reason, "");
  }

  static Decision noOpinion(String reason) {
    return new Decision(Verdict.NO_OPINION, reason, "");
  }

  public boolean allowed() {
    return verdict == Verdict.ALLOW;
  }
}
