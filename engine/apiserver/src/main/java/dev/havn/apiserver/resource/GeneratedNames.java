// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.ResourceType;
import java.util.random.RandomGenerator;

/// Names that the server chooses: what the client gave, and a few characters of chance.
final class GeneratedNames {
  private static final int CHANCE_CHARS = 5;
  private static final int PREFIX_CHARS_MAX = 58;
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

  private GeneratedNames() {}

  /// @param prefix as `metadata.generateName` gives it
  static String next(ResourceType type, String prefix, RandomGenerator random) {
    if (type.builtinKind().equals("IPAddress")) {
      // An address with something behind it would be another one.
      return prefix;
    }
    StringBuilder name =
        new StringBuilder(prefix.substring(0, Math.min(prefix.length(), PREFIX_CHARS_MAX)));
    for (int i = 0; i < CHANCE_CHARS; i++) {
      name.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
    }
    return name.toString();
  }
}
