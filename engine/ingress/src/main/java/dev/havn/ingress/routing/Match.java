// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which requests a rule is for: all of it must fit.
///
/// @param method null for any
public record Match(
    Path path, @Nullable String method, List<Value> headers, List<Value> parameters) {

  public static Match of(Path path) {
    return new Match(path, null, List.of(), List.of());
  }

  public sealed interface Path {
    boolean fits(String path, Steps steps);

    /// The whole path.
    record Exact(String path) implements Path {
      @Override
      public boolean fits(String asked, Steps steps) {
        return asked.equals(path);
      }
    }

    /// Its first elements; a slash at the end means nothing.
    ///
    /// @param path without a slash at the end, empty for all
    record Prefix(String path) implements Path {
      public Prefix {
        path = path.replaceAll("/+$", "");
      }

      @Override
      public boolean fits(String asked, Steps steps) {
        return asked.startsWith(path)
            && (asked.length() == path.length() || asked.charAt(path.length()) == '/');
      }
    }

    /// A regular expression for the whole path.
    record Expression(Text text) implements Path {
      @Override
      public boolean fits(String asked, Steps steps) {
        return text.fits(asked, steps);
      }
    }
  }

  /// A value by its name.
  public record Value(String name, Text text) {
    boolean fits(Function<String, @Nullable String> values, Steps steps) {
      @Nullable String value = values.apply(name);
      return value != null && text.fits(value, steps);
    }
  }

  /// A text that is wanted as it is, or as a regular expression.
  ///
  /// @param pattern null for the text itself
  public record Text(String text, @Nullable Pattern pattern) {
    /// What an expression costs is its size times the text's: both are bounded, since many requests
    /// share a thread, and what all of a request cost together ([Steps]). Longer texts fit none.
    private static final int TEXT_CHARS_MAX = 1_024;

    private static final int EXPRESSION_CHARS_MAX = 1_024;
    private static final int STEPS_MAX = 2_000;

    private static final Pattern REPEAT = Pattern.compile("\\{([0-9]+)(?:,([0-9]*))?}");

    public static Text exact(String text) {
      return new Text(text, null);
    }

    /// @throws PatternSyntaxException when it is none, or too large a one
    public static Text expression(String text) {
      if (text.length() > EXPRESSION_CHARS_MAX || repeats(text) > STEPS_MAX) {
        throw new PatternSyntaxException("the expression is too large", text);
      }
      Pattern pattern = Pattern.compile(text);
      if (pattern.programSize() > STEPS_MAX) {
        throw new PatternSyntaxException("the expression is too large", text);
      }
      return new Text(text, pattern);
    }

    /// How often the innermost is written out, were all repeats within each other: known before it
    /// is done.
    private static long repeats(String text) {
      long product = 1;
      for (Matcher each = REPEAT.matcher(text); each.find() && product <= STEPS_MAX; ) {
        String most =
            each.group(2) == null || each.group(2).isEmpty() ? each.group(1) : each.group(2);
        product *= most.length() > 4 ? STEPS_MAX + 1 : Math.max(1, Integer.parseInt(most));
      }
      return product;
    }

    /// How many instructions its expression has, 0 for none.
    public int size() {
      return pattern == null ? 0 : pattern.programSize();
    }

    /// @return false also where no steps are left
    boolean fits(String value, Steps steps) {
      if (pattern == null) {
        return text.equals(value);
      }
      return value.length() <= TEXT_CHARS_MAX
          && steps.spend((long) size() * Math.max(1, value.length()))
          && pattern.matcher(value).matches();
    }
  }

  /// How many instructions all of its expressions have together.
  public int size() {
    int ofPath = path instanceof Path.Expression expression ? expression.text().size() : 0;
    return ofPath
        + Stream.concat(headers.stream(), parameters.stream())
            .mapToInt(each -> each.text().size())
            .sum();
  }

  /// @return false also where no steps are left
  boolean fits(Asked asked, Steps steps) {
    return (method == null || method.equals(asked.method()))
        && path.fits(asked.path(), steps)
        && headers.stream().allMatch(each -> each.fits(asked.headers(), steps))
        && parameters.stream().allMatch(each -> each.fits(asked::parameter, steps));
  }
}
