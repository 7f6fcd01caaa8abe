// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a server asks for in `WWW-Authenticate` (RFC 9110, section 11.6.1).
///
/// @param scheme in lower case
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int CHARS_MAX = 8_192;

  /// All challenges of the headers of one answer.
  static List<Challenge> all(List<String> headers) {
    List<Challenge> all = new ArrayList<>();
    for (String each : headers) {
      if (each.length() <= CHARS_MAX) {
        read(each, all);
      }
    }
    return all;
  }

  private static void read(String header, List<Challenge> all) {
    int at = 0;
    while (at < header.length()) {
      at = skip(header, at, " \t,");
      int end = until(header, at, " \t,=");
      String word = header.substring(at, end);
      int next = skip(header, end, " \t");
      if (next < header.length() && header.charAt(next) == '=' && !all.isEmpty()) {
        at = parameter(header, word, next + 1, all.getLast().parameters());
      } else {
        if (!word.isEmpty()) {
          all.add(new Challenge(word.toLowerCase(Locale.ROOT), new HashMap<>()));
        }
        at = Math.max(end, at + 1);
      }
    }
  }

  private static int parameter(String header, String name, int at, Map<String, String> into) {
    int from = skip(header, at, " \t");
    String key = name.toLowerCase(Locale.ROOT);
    if (from < header.length() && header.charAt(from) == '"') {
      StringBuilder value = new StringBuilder();
      int i = from + 1;
      while (i < header.length() && header.charAt(i) != '"') {
        i += header.charAt(i) == '\\' && i + 1 < header.length() ? 1 : 0;
        value.append(header.charAt(i++));
      }
      into.put(key, value.toString());
      return i + 1;
    }
    int end = until(header, from, " \t,");
    into.put(key, header.substring(from, end));
    return end;
  }

  private static int skip(String text, int from, String these) {
    int at = from;
    while (at < text.length() && these.indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }

  private static int until(String text, int from, String these) {
    int at = from;
    while (at < text.length() && these.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return at;
  }
}
