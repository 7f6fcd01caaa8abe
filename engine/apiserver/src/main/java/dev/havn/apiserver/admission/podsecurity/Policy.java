// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// What a namespace asks: the standard that pods must meet, the one below which they are noted in
/// the audit log, and the one below which their creator is warned.
record Policy(Level.Versioned enforce, Level.Versioned audit, Level.Versioned warn) {
  static final String PREFIX = "pod-security.kubernetes.io/";

  private static final List<String> MODES = List.of("enforce", "audit", "warn");

  /// A policy and what is wrong with the labels that it was read from.
  record Read(Policy policy, List<FieldError> errors) {}

  boolean isPrivileged() {
    return enforce.level() == Level.PRIVILEGED
        && audit.level() == Level.PRIVILEGED
        && warn.level() == Level.PRIVILEGED;
  }

  boolean isEquivalent(Policy other) {
    return enforce.isEquivalent(other.enforce)
        && audit.isEquivalent(other.audit)
        && warn.isEquivalent(other.warn);
  }

  /// The policy of a namespace. A level that cannot be read enforces the strictest and does not
  /// audit or warn; a version that cannot be read is the latest.
  ///
  /// @param usual where the labels say nothing
  static Read of(Map<String, String> labels, Policy usual) {
    List<FieldError> errors = new ArrayList<>();
    if (labels.keySet().stream().noneMatch(label -> label.startsWith(PREFIX))) {
      return new Read(usual, errors);
    }
    Level.Versioned enforce = read(labels, "enforce", usual.enforce, Level.RESTRICTED, errors);
    Level.Versioned audit = read(labels, "audit", usual.audit, Level.PRIVILEGED, errors);
    Level.Versioned warn = read(labels, "warn", usual.warn, Level.PRIVILEGED, errors);
    @Nullable String asked = labels.get(PREFIX + "enforce");
    boolean strictlyAsked = asked != null && Level.parse(asked).isPresent();
    boolean warnFollows =
        strictlyAsked
            && !labels.containsKey(PREFIX + "warn")
            && enforce.level().compareTo(warn.level()) > 0;
    if (warnFollows) {
      boolean versioned = labels.containsKey(PREFIX + "warn-version");
      warn = versioned ? warn.at(enforce.level()) : enforce;
    }
    return new Read(new Policy(enforce, audit, warn), errors);
  }

  private static Level.Versioned read(
      Map<String, String> labels,
      String mode,
      Level.Versioned usual,
      Level unreadable,
      List<FieldError> errors) {
    Level.Versioned chosen = usual;
    @Nullable String level = labels.get(PREFIX + mode);
    if (level != null) {
      Optional<Level> known = Level.parse(level);
      if (known.isEmpty()) {
        errors.add(problem(mode, level, "must be one of privileged, baseline, restricted"));
      }
      chosen = chosen.at(known.orElse(unreadable));
    }
    @Nullable String version = labels.get(PREFIX + mode + "-version");
    if (version != null) {
      Optional<Integer> known = Level.Versioned.parseVersion(version);
      if (known.isEmpty()) {
        errors.add(problem(mode + "-version", version, "must be \"latest\" or \"v1.x\""));
      }
      chosen = chosen.at((int) known.orElse(Level.Versioned.LATEST));
    }
    return chosen;
  }

  private static FieldError problem(String label, String value, String detail) {
    return FieldError.invalid("metadata.labels[" + PREFIX + label + "]", value, detail);
  }

  /// The modes that labels have set to more than nothing: `enforce=baseline:latest, warn=...`.
  String words(Map<String, String> labels) {
    StringJoiner words = new StringJoiner(", ");
    for (String mode : MODES) {
      Level.Versioned own =
          switch (mode) {
            case "enforce" -> enforce;
            case "audit" -> audit;
            default -> warn;
          };
      boolean set =
          labels.containsKey(PREFIX + mode) || labels.containsKey(PREFIX + mode + "-version");
      if (set && own.level() != Level.PRIVILEGED) {
        words.add(mode + "=" + own);
      }
    }
    return words.toString();
  }
}
