// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.Match;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a route says as text: matches, times.
final class Texts {
  /// Instructions of all regular expressions of a route together. After the first that is too much
  /// no other is made: what no listener has room for takes no memory.
  private static final int EXPRESSIONS_MAX = OpenListener.EXPRESSIONS_MAX;

  private static final String EXACT = "Exact";
  private static final String EXPRESSION = "RegularExpression";
  private static final int TIMES_MAX = 4;

  /// Of GEP-2257.
  private static final Pattern TIME = Pattern.compile("([0-9]{1,5})(h|ms|m|s)");

  /// A value that is asked for by its name.
  record Named(@Nullable String type, String name, @Nullable String value) {}

  private final Expressions expressions;
  private long size;
  private boolean isFull;

  Texts(Expressions expressions) {
    this.expressions = expressions;
  }

  private Match.Text text(@Nullable String type, String value) throws UnsupportedException {
    return switch (type == null ? EXACT : type) {
      case EXACT -> Match.Text.exact(value);
      case EXPRESSION -> expression(value);
      default -> throw UnsupportedException.value("nothing is matched by type " + type);
    };
  }

  Match.Text expression(String text) throws UnsupportedException {
    if (!isFull) {
      Match.Text expression = expressions.of(text);
      isFull = size + expression.size() > EXPRESSIONS_MAX;
      if (!isFull) {
        size += expression.size();
        return expression;
      }
    }
    throw UnsupportedException.value(
        "the regular expressions of the route have more than " + EXPRESSIONS_MAX + " instructions");
  }

  /// Of several with equal names the first counts.
  ///
  /// @param ofHeaders whether small and capital letters of names are the same
  List<Match.Value> values(List<Named> named, boolean ofHeaders) throws UnsupportedException {
    Map<String, Match.Value> all = new LinkedHashMap<>();
    for (Named each : named) {
      String key = ofHeaders ? each.name().toLowerCase(Locale.ROOT) : each.name();
      String value = each.value() == null ? "" : each.value();
      if (!all.containsKey(key)) {
        all.put(key, new Match.Value(each.name(), text(each.type(), value)));
      }
    }
    return List.copyOf(all.values());
  }

  /// Of an Exact or a PathPrefix: begins with a slash.
  static String path(String text) throws UnsupportedException {
    if (!text.startsWith("/")) {
      throw UnsupportedException.value("a path begins with a slash: " + text);
    }
    return text;
  }

  /// A time such as `1h30m` or `500ms`; null for none, zero for no bound.
  static @Nullable Duration time(@Nullable String text) throws UnsupportedException {
    if (text == null) {
      return null;
    }
    Duration sum = Duration.ZERO;
    Matcher part = TIME.matcher(text);
    int at = 0;
    for (int i = 0; i < TIMES_MAX && at < text.length() && part.find(at); i++) {
      if (part.start() != at) {
        break;
      }
      long count = Long.parseLong(part.group(1));
      sum =
          sum.plus(
              switch (part.group(2)) {
                case "h" -> Duration.ofHours(count);
                case "m" -> Duration.ofMinutes(count);
                case "s" -> Duration.ofSeconds(count);
                default -> Duration.ofMillis(count);
              });
      at = part.end();
    }
    if (at == 0 || at < text.length()) {
      throw UnsupportedException.value("no time such as 1h30m or 500ms: " + text);
    }
    return sum;
  }
}
