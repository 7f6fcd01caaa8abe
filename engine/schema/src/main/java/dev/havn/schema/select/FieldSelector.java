// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.select;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A field selector: `metadata.name=x,spec.nodeName!=y`. A backslash escapes commas, equals signs
/// and itself.
public record FieldSelector(List<Requirement> requirements) {
  public static final FieldSelector EVERYTHING = new FieldSelector(List.of());

  public record Requirement(String field, boolean equal, String value) {}

  /// @param valueOf the value of a field, null counting as empty
  public boolean matches(Function<String, @Nullable String> valueOf) {
    for (Requirement requirement : requirements) {
      @Nullable String value = valueOf.apply(requirement.field());
      if ((value == null ? "" : value).equals(requirement.value()) != requirement.equal()) {
        return false;
      }
    }
    return true;
  }

  public boolean isEverything() {
    return requirements.isEmpty();
  }

  /// The value that `field` must have, or null when the selector leaves it open.
  public @Nullable String required(String field) {
    for (Requirement requirement : requirements) {
      if (requirement.equal() && requirement.field().equals(field)) {
        return requirement.value();
      }
    }
    return null;
  }

  /// @throws SelectorException in Kubernetes' words
  public static FieldSelector parse(String text) {
    List<Requirement> requirements = new ArrayList<>();
    for (String term : split(text)) {
      if (!term.isEmpty()) {
        requirements.add(requirement(term, text));
      }
    }
    return requirements.isEmpty() ? EVERYTHING : new FieldSelector(requirements);
  }

  private static List<String> split(String text) {
    List<String> terms = new ArrayList<>();
    StringBuilder term = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        term.append(c).append(text.charAt(++i));
      } else if (c == ',') {
        terms.add(term.toString());
        term.setLength(0);
      } else {
        term.append(c);
      }
    }
    terms.add(term.toString());
    return terms;
  }

  private static Requirement requirement(String term, String whole) {
    for (int i = 0; i < term.length(); i++) {
      char c = term.charAt(i);
      if (c == '\\') {
        i++;
      } else if (term.startsWith("!=", i)) {
        return new Requirement(term.substring(0, i), false, unescape(term.substring(i + 2)));
      } else if (term.startsWith("==", i)) {
        return new Requirement(term.substring(0, i), true, unescape(term.substring(i + 2)));
      } else if (c == '=') {
        return new Requirement(term.substring(0, i), true, unescape(term.substring(i + 1)));
      }
    }
    throw new SelectorException(
        "invalid selector: '" + whole + "'; can't understand '" + term + "'");
  }

  private static String unescape(String value) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\') {
        if (i + 1 == value.length() || "\\,=".indexOf(value.charAt(i + 1)) < 0) {
          throw new SelectorException(
              "invalid field selector: invalid escape sequence in " + value);
        }
        c = value.charAt(++i);
      } else if (c == ',' || c == '=') {
        throw new SelectorException(
            "invalid field selector: invalid unescaped character in value: " + value);
      }
      plain.append(c);
    }
    return plain.toString();
  }
}
