// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is changed about a request or its answer on its way.
public sealed interface Filter {
  /// @param ofAnswer whether the headers are those of the answer
  record Headers(
      boolean ofAnswer, Map<String, String> set, Map<String, String> add, List<String> remove)
      implements Filter {}

  /// @param hostname null to leave it
  /// @param path null to leave it
  record Rewrite(@Nullable String hostname, @Nullable PathChange path) implements Filter {}

  /// Sends a copy of some requests elsewhere; nobody waits for the answer.
  ///
  /// @param share of a million
  record Mirror(Rule.Target target, int share) implements Filter {}

  /// Answers for other sites (Fetch, section 3.2).
  ///
  /// @param origins may hold a star, alone or as the first label
  record Cors(
      List<String> origins,
      boolean credentials,
      List<String> methods,
      List<String> headers,
      List<String> exposed,
      int maxAgeSeconds)
      implements Filter {}

  /// Another path.
  ///
  /// @param prefix what of the path is replaced, null for all of it
  record PathChange(@Nullable String prefix, String replacement) {
    public String apply(String path) {
      if (prefix == null) {
        return replacement;
      }
      String cut = prefix.replaceAll("/+$", "");
      String rest = path.length() <= cut.length() ? "" : path.substring(cut.length());
      String head = replacement.replaceAll("/+$", "");
      String whole = rest.isEmpty() || rest.startsWith("/") ? head + rest : head + "/" + rest;
      return whole.isEmpty() ? "/" : whole;
    }
  }
}
