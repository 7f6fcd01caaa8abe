// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A label selector in the words of `status.selector` of a scale, such as `app=web,tier in (a,b)`.
record PodSelector(String text, List<Requirement> requirements) {
  private static final Pattern EQUALITY =
      Pattern.compile("([^\\s!=,()]+)\\s*(==|=|!=)\\s*([^\\s!=,()]*)");
  private static final Pattern MEMBERSHIP =
      Pattern.compile("([^\\s!=,()]+)\\s+(in|notin)\\s*\\(([^()]*)\\)");
  private static final Pattern PRESENCE = Pattern.compile("(!?)\\s*([^\\s!=,()]+)");

  /// @param operator `In`, `NotIn`, `Exists` or `DoesNotExist`
  record Requirement(String key, String operator, List<String> values) {
    boolean isMet(Map<String, String> labels) {
      @Nullable String value = labels.get(key);
      return switch (operator) {
        case "In" -> value != null && values.contains(value);
        case "NotIn" -> value == null || !values.contains(value);
        case "Exists" -> value != null;
        default -> value == null;
      };
    }
  }

  /// Why a selector cannot be read, empty when it can.
  static Optional<String> fault(String text) {
    try {
      parse(text);
      return Optional.empty();
    } catch (UncountableException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /// @throws UncountableException when it cannot be read
  static PodSelector parse(String text) {
    List<Requirement> requirements = new ArrayList<>();
    for (String part : text.split(",(?![^()]*\\))")) {
      if (!part.isBlank()) {
        requirements.add(requirement(part.strip()));
      }
    }
    return new PodSelector(text, requirements);
  }

  private static Requirement requirement(String part) {
    Matcher equality = EQUALITY.matcher(part);
    if (equality.matches()) {
      String operator = equality.group(2).equals("!=") ? "NotIn" : "In";
      return new Requirement(equality.group(1), operator, List.of(equality.group(3)));
    }
    Matcher membership = MEMBERSHIP.matcher(part);
    if (membership.matches()) {
      String operator = membership.group(2).equals("in") ? "In" : "NotIn";
      List<String> values =
          Arrays.stream(membership.group(3).split(",", -1)).map(String::strip).toList();
      return new Requirement(membership.group(1), operator, values);
    }
    Matcher presence = PRESENCE.matcher(part);
    if (presence.matches()) {
      String operator = presence.group(1).isEmpty() ? "Exists" : "DoesNotExist";
      return new Requirement(presence.group(2), operator, List.of());
    }
    boolean isOpen = part.indexOf('(') > part.lastIndexOf(')');
    String why = isOpen ? "found '', expected: ',', ')' or identifier" : "\"" + part + "\"";
    throw new UncountableException("unable to parse requirement: " + why);
  }

  boolean matches(@Nullable Map<String, String> labels) {
    Map<String, String> present = labels == null ? Map.of() : labels;
    return requirements.stream().allMatch(each -> each.isMet(present));
  }
}
