// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The text of a query as Go reads it: only `&` is between two parameters, a name may be empty, and
/// one that is not well encoded or holds a `;` counts as not given.
final class QueryText {
  private static final Pattern BROKEN = Pattern.compile(";|%(?![0-9a-fA-F]{2})");

  private QueryText() {}

  static Map<String, List<String>> parameters(String text) {
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    for (String pair : text.split("&")) {
      if (!pair.isEmpty() && !BROKEN.matcher(pair).find()) {
        int end = pair.indexOf('=');
        String name = end < 0 ? pair : pair.substring(0, end);
        String value = end < 0 ? "" : pair.substring(end + 1);
        parameters.computeIfAbsent(decoded(name), _ -> new ArrayList<>()).add(decoded(value));
      }
    }
    return parameters;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
