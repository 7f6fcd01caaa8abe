// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FormatSyntax;
import java.util.List;
import java.util.Map;

/// The formats that expressions know by name.
public final class FormatProblems {
  private static final Map<String, String> TYPES =
      Map.of("uri", "uri", "uuid", "uuid", "byte", "byte", "date", "date", "datetime", "date-time");

  private FormatProblems() {}

  /// What is wrong with a text that shall have a format; empty when nothing is.
  public static List<String> of(String format, String text) {
    return switch (format) {
      case "dns1123Label" -> Formats.label(text);
      case "dns1123Subdomain" -> Formats.subdomain(text);
      case "dns1035Label" -> Formats.label1035(text);
      case "qualifiedName" -> Formats.qualifiedName(text);
      case "dns1123LabelPrefix" -> Formats.label(masked(text));
      case "dns1123SubdomainPrefix" -> Formats.subdomain(masked(text));
      case "dns1035LabelPrefix" -> Formats.label1035(masked(text));
      case "labelValue" -> LabelSyntax.valueProblems(text);
      default ->
          FormatSyntax.matches(TYPES.getOrDefault(format, format), text)
              ? List.of()
              : List.of("invalid value: " + JsonNodeFactory.instance.textNode(text));
    };
  }

  private static String masked(String prefix) {
    return prefix.endsWith("-") ? prefix.substring(0, prefix.length() - 1) + "a" : prefix;
  }
}
