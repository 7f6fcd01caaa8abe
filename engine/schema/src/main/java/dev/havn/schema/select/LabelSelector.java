// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.select;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A label selector as it stands in a query: `app=web,tier in (a,b),!old`.
///
/// @param requirements all must hold; none selects everything
public record LabelSelector(List<Requirement> requirements) {
  public static final LabelSelector EVERYTHING = new LabelSelector(List.of());

  /// One condition on one label.
  public record Requirement(String key, Operator operator, List<String> values) {
    boolean matches(Map<String, String> labels) {
      @Nullable String value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case ABSENT -> value == null;
        case GREATER -> value != null && compare(value) > 0;
        case LESS -> value != null && compare(value) < 0;
      };
    }

    private int compare(String value) {
      if (!value.matches("-?[0-9]{1,18}")) {
        return 0;
      }
      return Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst()));
    }
  }

  /// What a requirement asks.
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    ABSENT,
    GREATER,
    LESS
  }

  public boolean matches(Map<String, String> labels) {
    for (Requirement requirement : requirements) {
      if (!requirement.matches(labels)) {
        return false;
      }
    }
    return true;
  }

  public boolean isEverything() {
    return requirements.isEmpty();
  }

  /// @throws SelectorException in Kubernetes' words
  public static LabelSelector parse(String text) {
    Parser parser = new Parser(text);
    List<Requirement> requirements = parser.requirements();
    return requirements.isEmpty() ? EVERYTHING : new LabelSelector(requirements);
  }

  private static final class Parser {
    private static final String END = "";
    private final List<String> tokens;
    private int position;

    Parser(String text) {
      this.tokens = tokens(text);
    }

    private static List<String> tokens(String text) {
      List<String> tokens = new ArrayList<>();
      int i = 0;
      while (i < text.length()) {
        char c = text.charAt(i);
        if (Character.isWhitespace(c)) {
          i++;
        } else if ("=!<>".indexOf(c) >= 0) {
          boolean pair = c != '<' && c != '>' && text.startsWith("=", i + 1);
          int end = i + (pair ? 2 : 1);
          tokens.add(text.substring(i, end));
          i = end;
        } else if ("(),".indexOf(c) >= 0) {
          tokens.add(String.valueOf(c));
          i++;
        } else {
          int end = i;
          while (end < text.length()
              && "=!<>(),".indexOf(text.charAt(end)) < 0
              && !Character.isWhitespace(text.charAt(end))) {
            end++;
          }
          tokens.add(text.substring(i, end));
          i = end;
        }
      }
      return tokens;
    }

    private String peek() {
      return position < tokens.size() ? tokens.get(position) : END;
    }

    private String take() {
      String token = peek();
      position++;
      return token;
    }

    List<Requirement> requirements() {
      List<Requirement> requirements = new ArrayList<>();
      while (position < tokens.size()) {
        if (!requirements.isEmpty()) {
          String comma = take();
          if (!comma.equals(",") || position >= tokens.size()) {
            throw new SelectorException(
                "found '"
                    + (comma.equals(",") ? peek() : comma)
                    + "', expected: "
                    + (comma.equals(",") ? "identifier after ','" : "',' or 'end of string'"));
          }
        }
        requirements.add(requirement());
      }
      return requirements;
    }

    private Requirement requirement() {
      if (peek().equals("!")) {
        take();
        return new Requirement(key(true), Operator.ABSENT, List.of());
      }
      String key = key(false);
      String operator = peek();
      return switch (operator) {
        case END, "," -> new Requirement(key, Operator.EXISTS, List.of());
        case "=", "==" -> new Requirement(key, Operator.IN, exact(key));
        case "!=" -> new Requirement(key, Operator.NOT_IN, exact(key));
        case "in" -> new Requirement(key, Operator.IN, set(key));
        case "notin" -> new Requirement(key, Operator.NOT_IN, set(key));
        case ">" -> new Requirement(key, Operator.GREATER, number());
        case "<" -> new Requirement(key, Operator.LESS, number());
        default -> throw error("found '" + operator + "', expected: in, notin, =, ==, !=, gt, lt");
      };
    }

    private String key(boolean negated) {
      String key = take();
      if (key.equals(END) || "=!<>(),".indexOf(key.charAt(0)) >= 0) {
        throw negated
            ? error("found '" + key + "', expected: identifier")
            : new SelectorException(
                "found '" + key + "', expected: !, identifier, or 'end of string'");
      }
      List<String> problems = LabelSyntax.keyProblems(key);
      if (!problems.isEmpty()) {
        throw error("<nil>: Invalid value: \"" + key + "\": " + String.join("; ", problems));
      }
      return key;
    }

    private List<String> exact(String key) {
      take();
      String value = peek().equals(",") ? END : take();
      if (!value.isEmpty() && "=!<>()".indexOf(value.charAt(0)) >= 0) {
        throw error("found '" + value + "', expected: identifier");
      }
      return List.of(checked(key, value));
    }

    private List<String> number() {
      take();
      String value = take();
      if (!value.matches("-?[0-9]{1,18}")) {
        throw error(
            "values[0]: Invalid value: \""
                + value
                + "\": for 'Gt', 'Lt' operators, the value must be an integer");
      }
      return List.of(value);
    }

    private List<String> set(String key) {
      take();
      String open = take();
      if (!open.equals("(")) {
        throw error("found '" + open + "' expected: '('");
      }
      TreeSet<String> values = new TreeSet<>();
      String last = ",";
      while (true) {
        String token = take();
        if (token.equals(")")) {
          if (last.equals(",")) {
            values.add("");
          }
          return List.copyOf(values);
        } else if (token.equals(",")) {
          if (last.equals(",")) {
            values.add("");
          }
        } else if (token.equals(END)) {
          throw error("found '" + token + "', expected: ',' or ')'");
        } else {
          values.add(checked(key, token));
        }
        last = token;
      }
    }

    private static String checked(String key, String value) {
      List<String> problems = LabelSyntax.valueProblems(value);
      if (!problems.isEmpty()) {
        throw error(
            "values[0][%s]: Invalid value: \"%s\": %s"
                .formatted(key, value, String.join("; ", problems)));
      }
      return value;
    }

    private static SelectorException error(String message) {
      return new SelectorException("unable to parse requirement: " + message);
    }
  }
}
