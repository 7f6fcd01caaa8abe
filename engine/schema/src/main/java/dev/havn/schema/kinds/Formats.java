// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.IpLiteral;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Syntaxes of texts: each lists what is wrong with one, in Kubernetes' words.
final class Formats {
  private static final int LABEL_CHARS_MAX = 63;
  private static final int SUBDOMAIN_CHARS_MAX = 253;
  private static final int PORT_NAME_CHARS_MAX = 15;
  private static final String SEARCH_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
  private static final Pattern SEARCH =
      Pattern.compile(SEARCH_LABEL + "(\\." + SEARCH_LABEL + ")*");
  private static final String SEARCH_RULE =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or"
          + " '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex"
          + " used for validation is '%s')";
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern LABEL_1035 = Pattern.compile("[a-z]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern CONFIG_KEY = Pattern.compile("[-._a-zA-Z0-9]+");
  private static final Pattern HEADER = Pattern.compile("[-A-Za-z0-9]+");
  private static final Pattern IP4 =
      Pattern.compile("(?:(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])(?:\\.(?!$)|$)){4}");
  private static final Pattern IP6 = Pattern.compile("[0-9a-fA-F:]*:[0-9a-fA-F:]*");
  private static final String LABEL_RULE =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
          + " start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used"
          + " for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  private static final String LABEL_1035_RULE =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an"
          + " alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or"
          + " 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

  private Formats() {}

  static List<String> subdomain(String text) {
    return LabelSyntax.subdomainProblems(text);
  }

  /// A domain to search, which may have underscores where domains of hosts have none.
  static List<String> subdomainWithUnderscores(String text) {
    List<String> problems = new ArrayList<>();
    if (text.length() > SUBDOMAIN_CHARS_MAX) {
      problems.add("must be no more than " + SUBDOMAIN_CHARS_MAX + " characters");
    }
    if (!SEARCH.matcher(text).matches()) {
      problems.add(SEARCH_RULE.formatted(SEARCH.pattern()));
    }
    return problems;
  }

  static List<String> qualifiedName(String text) {
    return LabelSyntax.keyProblems(text);
  }

  static List<String> label(String text) {
    List<String> problems = label(text, LABEL, LABEL_RULE);
    if (problems.contains(LABEL_RULE) && subdomain(text.replaceAll(".{60}", "")).isEmpty()) {
      problems.set(problems.indexOf(LABEL_RULE), "must not contain dots");
    }
    return problems;
  }

  static List<String> label1035(String text) {
    return label(text, LABEL_1035, LABEL_1035_RULE);
  }

  private static List<String> label(String text, Pattern pattern, String rule) {
    List<String> problems = new ArrayList<>();
    if (text.length() > LABEL_CHARS_MAX) {
      problems.add("must be no more than " + LABEL_CHARS_MAX + " characters");
    }
    if (!pattern.matcher(text).matches()) {
      problems.add(rule);
    }
    return problems;
  }

  static List<String> pathSegment(String text) {
    return text.equals(".") || text.equals("..")
        ? List.of("may not be '" + text + "'")
        : pathSegmentStart(text);
  }

  /// The same of a prefix, which may begin with dots.
  static List<String> pathSegmentStart(String text) {
    List<String> problems = new ArrayList<>();
    for (String part : List.of("/", "%")) {
      if (text.contains(part)) {
        problems.add("may not contain '" + part + "'");
      }
    }
    return problems;
  }

  static List<String> portName(String text) {
    List<String> problems = new ArrayList<>();
    if (text.length() > PORT_NAME_CHARS_MAX) {
      problems.add("must be no more than " + PORT_NAME_CHARS_MAX + " characters");
    }
    if (!text.matches("[-a-z0-9]+")) {
      problems.add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if (!text.matches(".*[a-z].*")) {
      problems.add("must contain at least one letter (a-z)");
    }
    if (text.contains("--")) {
      problems.add("must not contain consecutive hyphens");
    }
    if (text.startsWith("-") || text.endsWith("-")) {
      problems.add("must not begin or end with a hyphen");
    }
    return problems;
  }

  static List<String> configKey(String text) {
    List<String> problems = new ArrayList<>();
    if (text.length() > 253) {
      problems.add("must be no more than 253 characters");
    }
    if (!CONFIG_KEY.matcher(text).matches()) {
      problems.add(
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g."
              + " 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is"
              + " '[-._a-zA-Z0-9]+')");
    }
    if (text.equals(".")) {
      problems.add("must not be '.'");
    } else if (text.equals("..") || text.startsWith("..")) {
      problems.add(text.equals("..") ? "must not be '..'" : "must not start with '..'");
    }
    return problems;
  }

  /// Printable ASCII without `=`.
  static List<String> environmentName(String text) {
    boolean fine = text.chars().allMatch(c -> c >= ' ' && c <= '~' && c != '=') && !text.isEmpty();
    return fine
        ? List.of()
        : List.of(
            "a valid environment variable name must consist only of printable ASCII characters"
                + " other than '='");
  }

  static List<String> headerName(String text) {
    return HEADER.matcher(text).matches()
        ? List.of()
        : List.of(
            "a valid HTTP header must consist of alphanumeric characters or '-' (e.g."
                + " 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
  }

  static boolean isAddress(String text) {
    return isAddress4(text) || isAddress6(text);
  }

  static boolean isAddress4(String text) {
    return IP4.matcher(text).matches();
  }

  static boolean isAddress6(String text) {
    return IP6.matcher(text).matches() && text.length() > 1;
  }

  static List<String> address(String text) {
    return isAddress(text)
        ? List.of()
        : List.of("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  }

  static boolean isRange(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("[0-9]{1,3}")) {
      return false;
    }
    int bits = Integer.parseInt(text.substring(slash + 1));
    String address = text.substring(0, slash);
    return isAddress4(address) && bits <= 32 || isAddress6(address) && bits <= 128;
  }

  static List<String> range(String text) {
    if (!isRange(text)) {
      return List.of("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    } else if (text.matches(".*/0[0-9]+")) {
      return List.of("must not have leading 0s in IP or prefix length");
    }
    return IpLiteral.hasBitsBeyondPrefix(text)
        ? List.of("must not have bits set beyond the prefix length")
        : List.of();
  }

  /// `acme.io/foo`.
  static List<String> domainPath(String text) {
    int slash = text.indexOf('/');
    if (slash < 1 || slash == text.length() - 1) {
      return List.of("must be a domain-prefixed path (such as \"acme.io/foo\")");
    }
    return subdomain(text.substring(0, slash));
  }

  static boolean isPercent(String text) {
    return text.matches("[0-9]+%");
  }
}
