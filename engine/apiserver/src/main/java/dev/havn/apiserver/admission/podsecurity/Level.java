// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// A Pod Security Standard, the less strict first.
enum Level {
  PRIVILEGED,
  BASELINE,
  RESTRICTED;

  static Optional<Level> parse(String text) {
    for (Level each : values()) {
      if (each.toString().equals(text)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// A standard as it stood in a version of Kubernetes.
  ///
  /// @param minor of version 1, or [#LATEST]
  record Versioned(Level level, int minor) {
    static final int LATEST = Integer.MAX_VALUE;

    private static final Pattern VERSION = Pattern.compile("v1\\.(0|[1-9][0-9]{0,8})");

    static Optional<Integer> parseVersion(String text) {
      var match = VERSION.matcher(text);
      return text.equals("latest")
          ? Optional.of(LATEST)
          : match.matches() ? Optional.of(Integer.parseInt(match.group(1))) : Optional.empty();
    }

    Versioned at(Level other) {
      return new Versioned(other, minor);
    }

    Versioned at(int otherMinor) {
      return new Versioned(level, otherMinor);
    }

    boolean isEquivalent(Versioned other) {
      return equals(other) || (level == PRIVILEGED && other.level == PRIVILEGED);
    }

    @Override
    public String toString() {
      return level + ":" + (minor == LATEST ? "latest" : "v1." + minor);
    }
  }
}
