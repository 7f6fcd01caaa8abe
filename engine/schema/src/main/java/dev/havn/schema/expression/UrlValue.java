// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An absolute URL, or an absolute path, in an expression.
record UrlValue(URI uri) {
  static UrlValue parse(String text) {
    try {
      URI uri = new URI(text);
      if (uri.isAbsolute() || text.startsWith("/")) {
        return new UrlValue(uri);
      }
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(wrong(text), e);
    }
    throw new IllegalArgumentException(wrong(text));
  }

  private static String wrong(String text) {
    return "URL parse error during conversion from string: parse \"%s\": invalid URI for request"
        .formatted(text);
  }

  static boolean isOne(String text) {
    try {
      return parse(text) != null;
    } catch (IllegalArgumentException none) {
      return false;
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  String scheme() {
    return orEmpty(uri.getScheme());
  }

  String host() {
    return port().isEmpty() ? orEmpty(uri.getHost()) : orEmpty(uri.getHost()) + ":" + port();
  }

  String hostname() {
    return orEmpty(uri.getHost()).replaceAll("^\\[|]$", "");
  }

  String port() {
    return uri.getPort() < 0 ? "" : String.valueOf(uri.getPort());
  }

  String path() {
    return orEmpty(uri.getRawPath());
  }

  Map<String, List<String>> query() {
    Map<String, List<String>> query = new LinkedHashMap<>();
    for (String pair : orEmpty(uri.getRawQuery()).split("&")) {
      if (!pair.isEmpty()) {
        String[] parts = pair.split("=", 2);
        query
            .computeIfAbsent(decoded(parts[0]), _ -> new ArrayList<>())
            .add(parts.length > 1 ? decoded(parts[1]) : "");
      }
    }
    return query;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
