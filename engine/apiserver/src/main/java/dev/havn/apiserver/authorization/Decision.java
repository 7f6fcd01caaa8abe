// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

/// What an authorizer says.
///
/// @param reason which rule allows it; why not, where there is more to say than that no rule does;
///   empty otherwise
public record Decision(boolean allowed, String reason) {
  public static final Decision ALLOWED = new Decision(true, "");
  public static final Decision NO_OPINION = new Decision(false, "");

  static Decision denied(String reason) {
    return new Decision(false, reason);
  }
}
