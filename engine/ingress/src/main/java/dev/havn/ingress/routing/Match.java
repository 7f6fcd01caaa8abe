// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
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
    /// Longer texts fit no expression: what an expression costs may grow steeply with them.
    private static final int EXPRESSION_CHARS_MAX = 1_024;

    public static Text exact(String text) {
      return new Text(text, null);
    }

    /// @throws java.util.regex.PatternSyntaxException when it is none
    public static Text expression(String text) {
      return new Text(text, Pattern.compile(text));
    }

    boolean fits(String value) {
      return pattern == null
          ? text.equals(value)
          : value.length() <= EXPRESSION_CHARS_MAX && pattern.matcher(value).matches();
    }
  }

  boolean fits(Asked asked) {
    return path.fits(asked.path())
        && (method == null || method.equals(asked.method()))
        && headers.stream().allMatch(each -> each.fits(asked.headers()))
        && parameters.stream().allMatch(each -> each.fits(asked::parameter));
  }
}
