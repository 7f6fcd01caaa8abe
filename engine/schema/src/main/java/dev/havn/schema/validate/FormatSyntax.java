// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The formats of texts that schemas of custom resources may ask for. Others are ignored.
public final class FormatSyntax {
  private static final int HOSTNAME_CHARS_MAX = 255;
  private static final int LABEL_CHARS_MAX = 63;
  private static final int LONG_NAME_CHARS_MAX = 253;
  private static final String UUID = "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?%s[0-9a-fA-F]{12}$";
  private static final String ANY_FOUR = "[0-9a-fA-F]{4}-?";
  private static final String VARIANT = "[89abAB][0-9a-fA-F]{3}-?";
  private static final String SHORT_NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

  private static final Map<String, Pattern> PATTERNS =
      Map.ofEntries(
          pattern("bsonobjectid", "^[0-9a-fA-F]{24}$"),
          pattern("uuid", UUID.formatted(ANY_FOUR + ANY_FOUR)),
          pattern("uuid3", UUID.formatted("3[0-9a-fA-F]{3}-?" + ANY_FOUR)),
          pattern("uuid4", UUID.formatted("4[0-9a-fA-F]{3}-?" + VARIANT)),
          pattern("uuid5", UUID.formatted("5[0-9a-fA-F]{3}-?" + VARIANT)),
          pattern("email", "^[^\\s@<>(),;:\\\\\"\\[\\]]+@[^\\s@<>(),;:\\\\\"\\[\\]]+$"),
          pattern(
              "hostname",
              "^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)"
                  + "|([a-zA-Z0-9\\p{S}\\p{L}](([-a-zA-Z0-9\\p{S}\\p{L}]{0,61}"
                  + "[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$"),
          pattern(
              "mac",
              "^([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}(([:-][0-9a-fA-F]{2}){2}|([:-][0-9a-fA-F]{2}){14})?"
                  + "|[0-9a-fA-F]{4}(\\.[0-9a-fA-F]{4}){2}((\\.[0-9a-fA-F]{4}){1}|(\\.[0-9a-fA-F]{4}){7})?)$"),
          pattern("ssn", "^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$"),
          pattern("hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
          pattern(
              "rgbcolor",
              "^rgb\\(\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,"
                  + "\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,"
                  + "\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*\\)$"),
          pattern(
              "duration",
              "^([-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))"
                  + "([0-9]+(\\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h))*$|^[-+]?0$"
                  + "|^((\\d+)\\s*(ns|nanos?|us|µs|micros?|microseconds?|nanoseconds?"
                  + "|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?"
                  + "|w|wks?|weeks?))+$"),
          pattern("k8sshortname", "^" + SHORT_NAME + "$"),
          pattern("k8slongname", "^" + SHORT_NAME + "(\\." + SHORT_NAME + ")*$"),
          pattern(
              "creditcard",
              "^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}"
                  + "|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11})$"));

  private static final Pattern TIME =
      Pattern.compile("^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?([zZ]|([+-][0-9]{2}:[0-9]{2}))$");

  private static final Set<String> OTHERS =
      Set.of(
          "uri",
          "ipv4",
          "ipv6",
          "cidr",
          "isbn",
          "isbn10",
          "isbn13",
          "byte",
          "password",
          "date",
          "datetime");

  private FormatSyntax() {}

  private static Map.Entry<String, Pattern> pattern(String format, String pattern) {
    return Map.entry(format, Pattern.compile(pattern));
  }

  /// The format of a schema as it was written, or empty when it asks for none that is known for its
  /// type.
  public static String supported(JsonNode schema, List<String> types) {
    String format = schema.path("format").asText("");
    if (format.isEmpty()) {
      return "";
    }
    String type = types.size() == 1 ? types.getFirst() : "";
    boolean known =
        switch (type) {
          case "", "string" -> {
            String normal = normal(format);
            yield PATTERNS.containsKey(normal) || OTHERS.contains(normal);
          }
          case "integer" -> format.equals("int32") || format.equals("int64");
          case "number" -> format.equals("float") || format.equals("double");
          default -> false;
        };
    return known ? format : "";
  }

  private static String normal(String format) {
    return format.replace("-", "");
  }

  /// Whether a text has a format; formats of numbers say nothing of texts.
  public static boolean matches(String format, String text) {
    String normal = normal(format);
    return switch (normal) {
      case "ipv4" -> IpLiteral.parse(text) != null && text.contains(".");
      case "ipv6" -> IpLiteral.parse(text) != null && text.contains(":");
      case "cidr" -> IpLiteral.prefixLength(text) >= 0;
      case "uri" -> isRequestUri(text);
      case "byte" -> isBase64(text);
      case "date" -> isDate(text);
      case "datetime" -> isTime(text);
      case "isbn" -> isIsbn10(text) || isIsbn13(text);
      case "isbn10" -> isIsbn10(text);
      case "isbn13" -> isIsbn13(text);
      case "creditcard" -> isCard(text.replaceAll("[^0-9]+", ""));
      case "hostname" -> isHostname(text);
      case "k8sshortname" -> text.length() <= LABEL_CHARS_MAX && matchesPattern(normal, text);
      case "k8slongname" -> text.length() <= LONG_NAME_CHARS_MAX && matchesPattern(normal, text);
      default -> matchesPattern(normal, text);
    };
  }

  private static boolean matchesPattern(String format, String text) {
    Pattern pattern = PATTERNS.get(format);
    return pattern == null || pattern.matcher(text).find();
  }

  private static boolean isHostname(String text) {
    return text.length() <= HOSTNAME_CHARS_MAX
        && matchesPattern("hostname", text)
        && List.of(text.split("\\.", -1)).stream()
            .allMatch(label -> label.length() <= LABEL_CHARS_MAX);
  }

  private static boolean isRequestUri(String text) {
    try {
      return text.startsWith("/") || new URI(text).isAbsolute();
    } catch (URISyntaxException notOne) {
      return false;
    }
  }

  private static boolean isBase64(String text) {
    try {
      return text.length() % 4 == 0 && !text.isEmpty() && Base64.getDecoder().decode(text) != null;
    } catch (IllegalArgumentException notOne) {
      return false;
    }
  }

  private static boolean isDate(String text) {
    try {
      return text.length() == 10 && LocalDate.parse(text) != null;
    } catch (DateTimeException notOne) {
      return false;
    }
  }

  private static boolean isTime(String text) {
    String[] parts = text.split("[tT]", 2);
    if (parts.length < 2 || !isDate(parts[0])) {
      return false;
    }
    var match = TIME.matcher(parts[1]);
    return match.find()
        && match.group(1).compareTo("23") <= 0
        && match.group(2).compareTo("59") <= 0
        && match.group(3).compareTo("59") <= 0;
  }

  private static boolean isIsbn10(String text) {
    String digits = text.replaceAll("[\\s-]+", "");
    if (!digits.matches("[0-9]{9}[0-9X]")) {
      return false;
    }
    int sum = 0;
    for (int i = 0; i < 10; i++) {
      char digit = digits.charAt(i);
      sum += (i + 1) * (digit == 'X' ? 10 : digit - '0');
    }
    return sum % 11 == 0;
  }

  private static boolean isIsbn13(String text) {
    String digits = text.replaceAll("[\\s-]+", "");
    if (!digits.matches("[0-9]{13}")) {
      return false;
    }
    int sum = 0;
    for (int i = 0; i < 13; i++) {
      sum += (digits.charAt(i) - '0') * (i % 2 == 0 ? 1 : 3);
    }
    return sum % 10 == 0;
  }

  private static boolean isCard(String digits) {
    if (!matchesPattern("creditcard", digits)) {
      return false;
    }
    int sum = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(digits.length() - 1 - i) - '0';
      int doubled = i % 2 == 1 ? digit * 2 : digit;
      sum += doubled > 9 ? doubled - 9 : doubled;
    }
    return sum % 10 == 0;
  }
}
