// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.havn.schema.kinds.FormatProblems;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// A format by its name in an expression.
record NamedFormat(String name) {
  private static final Set<String> NAMES =
      Set.of(
          "dns1123Label",
          "dns1123Subdomain",
          "dns1035Label",
          "qualifiedName",
          "dns1123LabelPrefix",
          "dns1123SubdomainPrefix",
          "dns1035LabelPrefix",
          "labelValue",
          "uri",
          "uuid",
          "byte",
          "date",
          "datetime");

  /// How long its pattern counts as when it is charged for.
  static long patternChars(Object format) {
    return switch (format instanceof NamedFormat(String name) ? name : "") {
      case "dns1123Subdomain", "dns1123SubdomainPrefix", "qualifiedName" -> 60;
      case "labelValue" -> 40;
      case "uri" -> 1103;
      case "uuid" -> 70;
      case "byte" -> 84;
      case "date", "datetime" -> 71;
      default -> 30;
    };
  }

  static Set<String> names() {
    return new TreeSet<>(NAMES);
  }

  static Optional<NamedFormat> named(String name) {
    return NAMES.contains(name) ? Optional.of(new NamedFormat(name)) : Optional.empty();
  }

  /// What is wrong with a text; empty when nothing is.
  Optional<List<String>> validate(String text) {
    List<String> problems = FormatProblems.of(name, text);
    return problems.isEmpty() ? Optional.empty() : Optional.of(problems);
  }
}
