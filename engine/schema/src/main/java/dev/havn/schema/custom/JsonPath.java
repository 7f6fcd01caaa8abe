// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The JSON paths of definitions: `.spec.replicas`,
/// `.status.conditions[?(@.type=="Ready")].status`.
public final class JsonPath {
  private static final Pattern NAME = Pattern.compile("\\.?((?:[^.\\[\\]\\\\]|\\\\.)+)");
  private static final Pattern QUOTED = Pattern.compile("\\[(?:'([^']*)'|\"([^\"]*)\")]");
  private static final Pattern INDEX = Pattern.compile("\\[(-?[0-9]{1,9})]");
  private static final Pattern ALL = Pattern.compile("\\[\\*]|\\.\\*");
  private static final Pattern FILTER =
      Pattern.compile(
          "\\[\\?\\(\\s*@((?:\\.[^=!<>\\s)]+)+)\\s*(?:(==|!=)\\s*"
              + "(?:\"([^\"]*)\"|'([^']*)'|([^\\s)]+))\\s*)?\\)]");

  /// Longer ones are none that somebody wrote.
  private static final int CHARS_MAX = 1_024;

  private final List<Step> steps;

  private JsonPath(List<Step> steps) {
    this.steps = steps;
  }

  private sealed interface Step {
    record Field(String name) implements Step {}

    record Index(int at) implements Step {}

    record Every() implements Step {}

    /// Items in which a path leads to a value, or to another; without an operator, to any.
    record Where(JsonPath path, String operator, String value) implements Step {}
  }

  /// Empty when the text is none that is known.
  public static Optional<JsonPath> parse(String text) {
    if (text.length() > CHARS_MAX) {
      return Optional.empty();
    }
    String rest = text.startsWith("$") ? text.substring(1) : text;
    List<Step> steps = new ArrayList<>();
    while (!rest.isEmpty() && !rest.equals(".")) {
      Optional<Found> found = next(rest);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      steps.add(found.get().step());
      rest = rest.substring(found.get().length());
    }
    return Optional.of(new JsonPath(List.copyOf(steps)));
  }

  private record Found(Step step, int length) {}

  private static Optional<Found> next(String rest) {
    Matcher all = ALL.matcher(rest);
    if (all.lookingAt()) {
      return Optional.of(new Found(new Step.Every(), all.end()));
    }
    Matcher quoted = QUOTED.matcher(rest);
    if (quoted.lookingAt()) {
      String name = quoted.group(1) == null ? quoted.group(2) : quoted.group(1);
      return Optional.of(new Found(new Step.Field(name), quoted.end()));
    }
    Matcher index = INDEX.matcher(rest);
    if (index.lookingAt()) {
      int at = Integer.parseInt(index.group(1));
      return Optional.of(new Found(new Step.Index(at), index.end()));
    }
    Matcher filter = FILTER.matcher(rest);
    if (filter.lookingAt()) {
      return where(filter);
    }
    Matcher name = NAME.matcher(rest);
    return name.lookingAt() && !rest.startsWith("[")
        ? Optional.of(
            new Found(new Step.Field(name.group(1).replaceAll("\\\\(.)", "$1")), name.end()))
        : Optional.empty();
  }

  private static Optional<Found> where(Matcher filter) {
    String value = "";
    for (int group = 3; group <= 5; group++) {
      value = filter.group(group) == null ? value : filter.group(group);
    }
    String operator = filter.group(2) == null ? "" : filter.group(2);
    String wanted = value;
    return parse(filter.group(1))
        .map(path -> new Found(new Step.Where(path, operator, wanted), filter.end()));
  }

  /// The values to which the path leads, in order; none when there is no such value.
  public List<JsonNode> find(JsonNode root) {
    List<JsonNode> here = List.of(root);
    for (Step step : steps) {
      List<JsonNode> next = new ArrayList<>();
      for (JsonNode node : here) {
        go(node, step, next);
      }
      here = next;
    }
    return here;
  }

  private static void go(JsonNode node, Step step, List<JsonNode> out) {
    switch (step) {
      case Step.Field(String name) -> {
        if (node.has(name)) {
          out.add(node.get(name));
        }
      }
      case Step.Index(int at) -> {
        int index = at < 0 ? node.size() + at : at;
        if (node.isArray() && node.has(index)) {
          out.add(node.get(index));
        }
      }
      case Step.Every() -> node.forEach(out::add);
      case Step.Where where ->
          node.forEach(
              each -> {
                if (holds(each, where)) {
                  out.add(each);
                }
              });
    }
  }

  private static boolean holds(JsonNode item, Step.Where where) {
    List<JsonNode> found = where.path().find(item);
    if (where.operator().isEmpty() || found.isEmpty()) {
      return !found.isEmpty();
    }
    JsonNode value = found.getFirst();
    boolean same =
        value.equals(TextNode.valueOf(where.value()))
            || !value.isTextual() && value.asText().equals(where.value());
    return same == where.operator().equals("==");
  }
}
