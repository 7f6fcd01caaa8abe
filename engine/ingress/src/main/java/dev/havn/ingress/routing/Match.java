// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import java.util.function.Function;
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
    boolean fits(String path);

    /// The whole path.
    record Exact(String path) implements Path {
      @Override
      public boolean fits(String asked) {
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
      public boolean fits(String asked) {
        return asked.startsWith(path)
            && (asked.length() == path.length() || asked.charAt(path.length()) == '/');
      }
    }

    /// A regular expression for the whole path.
    record Expression(Text text) implements Path {
      @Override
      public boolean fits(String asked) {
        return text.fits(asked);
      }
    }
  }

  /// A value by its name.
  public record Value(String name, Text text) {
    boolean fits(Function<String, @Nullable String> values) {
      @Nullable String value = values.apply(name);
      return value != null && text.fits(value);
    }
  }

  /// A text that is wanted as it is, or as a regular expression.
  ///
  /// @param pattern null for the text itself
  public record Text(String text, @Nullable Pattern pattern) {
    /// What an expression costs is its size times the text's: both are bounded, since many requests
    /// share a thread. Longer texts fit none.
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

    boolean fits(String value) {
      return pattern == null
          ? text.equals(value)
          : value.length() <= TEXT_CHARS_MAX && pattern.matcher(value).matches();
    }
  }

  boolean fits(Asked asked) {
    return path.fits(asked.path())
        && (method == null || method.equals(asked.method()))
        && headers.stream().allMatch(each -> each.fits(asked.headers()))
        && parameters.stream().allMatch(each -> each.fits(asked::parameter));
  }
}
