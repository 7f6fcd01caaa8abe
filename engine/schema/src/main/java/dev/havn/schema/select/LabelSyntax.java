// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.select;

import java.util.ArrayList;
import java.util.List;

/// The syntax of label keys and values, and the words for what is wrong with them.
public final class LabelSyntax {
  private static final int NAME_CHARS_MAX = 63;
  private static final int PREFIX_CHARS_MAX = 253;
  private static final String NAME_RULE =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
          + " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
          + " validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  private static final String VALUE_RULE =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
          + " and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',"
          + "  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  private static final String SUBDOMAIN_RULE =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
          + " and must start and end with an alphanumeric character (e.g. 'example.com', regex used"
          + " for validation is"
          + " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

  private LabelSyntax() {}

  // Names are looked at in every write, so not by the expressions that the words below show.

  /// Letters, digits and, between two of them, `-`, `_` and `.`.
  private static boolean isName(String text) {
    for (int i = 0; i < text.length(); i++) {
      char at = text.charAt(i);
      boolean isInside = i > 0 && i < text.length() - 1;
      boolean joins = at == '-' || at == '_' || at == '.';
      if (!isSmall(at) && !(at >= 'A' && at <= 'Z') && !(isInside && joins)) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  /// Parts between dots, each of small letters, digits and, between two of them, `-`.
  private static boolean isSubdomain(String text) {
    char before = '.';
    for (int i = 0; i < text.length(); i++) {
      char at = text.charAt(i);
      boolean isFine = at == '-' ? before != '.' : at == '.' ? isSmall(before) : isSmall(at);
      if (!isFine) {
        return false;
      }
      before = at;
    }
    return isSmall(before);
  }

  private static boolean isSmall(char at) {
    return at >= 'a' && at <= 'z' || at >= '0' && at <= '9';
  }

  /// What is wrong with a qualified name (`prefix/name`); empty when nothing is.
  public static List<String> keyProblems(String key) {
    List<String> problems = new ArrayList<>();
    String[] parts = key.split("/", -1);
    String name = parts[parts.length - 1];
    if (parts.length > 2) {
      return List.of(
          "a qualified name "
              + NAME_RULE
              + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
    }
    if (parts.length == 2) {
      if (parts[0].isEmpty()) {
        problems.add("prefix part must be non-empty");
      } else {
        subdomainProblems(parts[0]).forEach(problem -> problems.add("prefix part " + problem));
      }
    }
    if (name.isEmpty()) {
      problems.add("name part must be non-empty");
    } else if (name.length() > NAME_CHARS_MAX) {
      problems.add("name part must be no more than " + NAME_CHARS_MAX + " bytes");
    }
    if (!isName(name)) {
      problems.add("name part " + NAME_RULE);
    }
    return problems;
  }

  public static List<String> valueProblems(String value) {
    List<String> problems = new ArrayList<>();
    if (value.length() > NAME_CHARS_MAX) {
      problems.add("must be no more than " + NAME_CHARS_MAX + " bytes");
    }
    if (!value.isEmpty() && !isName(value)) {
      problems.add(VALUE_RULE);
    }
    return problems;
  }

  /// What is wrong with a DNS subdomain (RFC 1123).
  public static List<String> subdomainProblems(String text) {
    List<String> problems = new ArrayList<>();
    if (text.length() > PREFIX_CHARS_MAX) {
      problems.add("must be no more than " + PREFIX_CHARS_MAX + " characters");
    }
    if (!isSubdomain(text)) {
      problems.add(SUBDOMAIN_RULE);
    }
    return problems;
  }
}
