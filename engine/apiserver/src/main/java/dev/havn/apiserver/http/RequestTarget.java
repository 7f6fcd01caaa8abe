// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/// Path and query of a request that came without a request line.
public final class RequestTarget {
  private RequestTarget() {}

  public static String encode(String path, Query query) {
    String text =
        query.values().entrySet().stream()
            .flatMap(
                each ->
                    each.getValue().stream()
                        .map(value -> encode(each.getKey()) + "=" + encode(value)))
            .collect(Collectors.joining("&"));
    return encodePath(path) + (text.isEmpty() ? "" : "?" + text);
  }

  private static String encodePath(String path) {
    try {
      return new URI(null, null, path, null).toASCIIString();
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("no path: " + path, e);
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
