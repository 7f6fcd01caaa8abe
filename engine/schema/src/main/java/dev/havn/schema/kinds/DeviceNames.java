// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.Locale;
import java.util.regex.Pattern;

/// Names in the group `resource.k8s.io`: of drivers, pools, attributes and capacities.
final class DeviceNames {
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final String IDENTIFIER_RULE =
      "a valid C identifier must start with alphabetic character or '_', followed by a string of"
          + " alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used"
          + " for validation is '[A-Za-z_][A-Za-z0-9_]*')";
  private static final Pattern UUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  private static final Pattern BARE_UUID = Pattern.compile("[0-9a-f]{32}");
  private static final String URN = "urn:uuid:";
  private static final int DOMAIN_BYTES_MAX = 63;
  private static final int IDENTIFIER_BYTES_MAX = 32;
  private static final int POOL_BYTES_MAX = 253;

  private DeviceNames() {}

  /// A domain, in whatever case.
  static void driver(At driver) {
    if (!driver.needs()) {
      return;
    }
    driver.maxBytes(DOMAIN_BYTES_MAX);
    for (String problem : Formats.subdomain(driver.text().toLowerCase(Locale.ROOT))) {
      driver.invalidText(problem);
    }
  }

  /// Domains, with slashes between them.
  static void pool(At pool) {
    if (!pool.needs()) {
      return;
    }
    pool.maxBytes(POOL_BYTES_MAX);
    for (String part : pool.text().split("/", -1)) {
      for (String problem : Formats.subdomain(part)) {
        refuse(pool, part, problem);
      }
    }
  }

  /// An identifier, with the domain of who defined it or without.
  ///
  /// @param place where the name stands
  static void qualified(At place, String name) {
    String[] parts = name.split("/", -1);
    if (parts.length == 1) {
      identifier(place, name);
    } else if (parts.length == 2) {
      if (parts[0].isEmpty()) {
        refuse(place, "", "the domain must not be empty");
      } else {
        bounded(place, parts[0], DOMAIN_BYTES_MAX);
        Formats.subdomain(parts[0]).forEach(problem -> refuse(place, parts[0], problem));
      }
      if (parts[1].isEmpty()) {
        refuse(place, "", "the name must not be empty");
      } else {
        identifier(place, parts[1]);
      }
    }
  }

  static void fullyQualified(At name) {
    qualified(name, name.text());
    if (!name.text().contains("/")) {
      name.invalidText("a fully qualified name must be a domain and a name separated by a slash");
    }
  }

  private static void identifier(At place, String name) {
    bounded(place, name, IDENTIFIER_BYTES_MAX);
    if (!IDENTIFIER.matcher(name).matches()) {
      refuse(place, name, IDENTIFIER_RULE);
    }
  }

  private static void bounded(At place, String text, int most) {
    if (text.length() > most) {
      place.errors().add(FieldError.tooLong(place.path(), most));
    }
  }

  private static void refuse(At place, String text, String problem) {
    place.errors().add(FieldError.invalid(place.path(), text, problem));
  }

  /// A UUID as RFC 4122 writes it.
  static void uuid(At id) {
    String problem = uuidProblem(id.text());
    if (!problem.isEmpty()) {
      id.invalidText("error validating uid: " + problem);
    } else if (!UUID.matcher(id.text()).matches()) {
      id.invalidText(
          "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with"
              + " lowercase hexadecimal characters");
    }
  }

  /// Forms that are read, too: with a scheme, in braces, without hyphens.
  private static String uuidProblem(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    String inner = lower;
    switch (text.length()) {
      case 32, 36 -> {}
      case 38 -> {
        if (!lower.startsWith("{") || !lower.endsWith("}")) {
          return "invalid bracketed UUID format";
        }
        inner = lower.substring(1, 37);
      }
      case 45 -> {
        if (!lower.startsWith(URN)) {
          return "invalid urn prefix: " + FieldError.quote(text.substring(0, URN.length()));
        }
        inner = lower.substring(URN.length());
      }
      default -> {
        return "invalid UUID length: " + text.length();
      }
    }
    boolean fine = UUID.matcher(inner).matches() || BARE_UUID.matcher(inner).matches();
    return fine ? "" : "invalid UUID format";
  }
}
