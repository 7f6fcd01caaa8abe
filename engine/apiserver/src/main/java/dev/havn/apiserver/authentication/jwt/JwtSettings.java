// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One issuer and what its tokens mean; checked, see [JwtFields].
///
/// @param requirements claims and the values that they must have
/// @param rules of the claims, all of which must hold
/// @param extra attributes of the user
/// @param userRules of the user, all of which must hold
public record JwtSettings(
    Issuer issuer,
    List<Requirement> requirements,
    List<Rule> rules,
    Mapping username,
    Mapping groups,
    Mapping uid,
    List<Extra> extra,
    List<Rule> userRules) {

  /// Who signs.
  ///
  /// @param url as tokens name it in `iss`
  /// @param discoveryUrl where its configuration is, empty for the standard place below `url`
  /// @param authority PEM of those that may have signed its certificate; empty for those that the
  ///   machine trusts
  /// @param audiences one of which a token must be meant for
  public record Issuer(String url, String discoveryUrl, String authority, List<String> audiences) {}

  /// A claim with the value that it must have.
  public record Requirement(String claim, String value) {}

  /// @param message what is said when it does not hold
  public record Rule(ClaimExpression expression, String message) {}

  /// Where a part of the user comes from: a claim, an expression, or nowhere.
  ///
  /// @param claim empty for none
  /// @param prefix put before what the claim says
  public record Mapping(String claim, String prefix, @Nullable ClaimExpression expression) {
    static final Mapping NONE = new Mapping("", "", null);
  }

  /// An attribute of the user and its values.
  public record Extra(String key, ClaimExpression values) {}
}
