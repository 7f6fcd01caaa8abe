// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The target of a request taken apart. What one server on the way may understand otherwise than
/// another is no path: dots as segments, backslashes, bytes of control, also when they are written
/// with percent signs.
///
/// @param raw the path as the client wrote it
/// @param decoded letters, digits and `-._~` without percent signs, so that a rule cannot be gone
///   around by writing them so; all others stay as they are
/// @param query as the client wrote it, without the question mark; null for none
public record RequestPath(String raw, String decoded, @Nullable String query) {
  private static final int PARAMETERS_MAX = 1_000;
  private static final String UNRESERVED = "-._~";

  /// @param target in origin form
  /// @return null when the path is ambiguous
  public static @Nullable RequestPath parse(String target) {
    int mark = target.indexOf('?');
    String raw = mark < 0 ? target : target.substring(0, mark);
    if (!raw.startsWith("/") || target.indexOf('#') >= 0) {
      return null;
    }
    StringBuilder decoded = new StringBuilder(raw.length());
    StringBuilder segments = new StringBuilder(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char each = raw.charAt(i);
      if (each == '%') {
        int value = i + 2 < raw.length() ? hex(raw.charAt(i + 1), raw.charAt(i + 2)) : -1;
        if (value < 0x20 || value == 0x7f || value == '\\') {
          return null;
        }
        segments.append((char) value);
        if (isUnreserved((char) value)) {
          decoded.append((char) value);
        } else {
          decoded.append(raw, i, i + 3);
        }
        i += 2;
      } else if (each <= 0x20 || each >= 0x7f || each == '\\') {
        return null;
      } else {
        decoded.append(each);
        segments.append(each);
      }
    }
    if (hasDots(segments.toString())) {
      return null;
    }
    return new RequestPath(raw, decoded.toString(), mark < 0 ? null : target.substring(mark + 1));
  }

  private static boolean hasDots(String path) {
    for (String segment : path.split("/", -1)) {
      // Servers of Java cut a segment at its semicolon.
      int semicolon = segment.indexOf(';');
      String name = semicolon < 0 ? segment : segment.substring(0, semicolon);
      if (name.equals(".") || name.equals("..")) {
        return true;
      }
    }
    return false;
  }

  private static int hex(char high, char low) {
    int first = Character.digit(high, 16);
    int second = Character.digit(low, 16);
    return first < 0 || second < 0 ? -1 : first << 4 | second;
  }

  private static boolean isUnreserved(char each) {
    return each >= 'a' && each <= 'z'
        || each >= 'A' && each <= 'Z'
        || each >= '0' && each <= '9'
        || UNRESERVED.indexOf(each) >= 0;
  }

  /// The parameters of the query, at most a thousand.
  public List<Asked.Parameter> parameters() {
    if (query == null || query.isEmpty()) {
      return List.of();
    }
    List<Asked.Parameter> all = new ArrayList<>();
    for (String each : query.split("&", PARAMETERS_MAX + 1)) {
      if (all.size() < PARAMETERS_MAX && !each.isEmpty()) {
        int equals = each.indexOf('=');
        all.add(
            new Asked.Parameter(
                plain(equals < 0 ? each : each.substring(0, equals)),
                equals < 0 ? "" : plain(each.substring(equals + 1))));
      }
    }
    return all;
  }

  private static String plain(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException noEncoding) {
      return text;
    }
  }
}
