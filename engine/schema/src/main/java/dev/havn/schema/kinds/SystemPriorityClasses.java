// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The PriorityClasses that every cluster has and that only the cluster itself creates.
public final class SystemPriorityClasses {
  /// What begins like this is no user's.
  static final String PREFIX = "system-";

  private static final Map<String, Integer> VALUES =
      Collections.unmodifiableMap(
          new TreeMap<>(
              Map.of(
                  "system-cluster-critical", 2_000_000_000,
                  "system-node-critical", 2_000_001_000)));

  private SystemPriorityClasses() {}

  /// The value of each class by its name, in the order of names.
  public static Map<String, Integer> values() {
    return VALUES;
  }

  /// What is wrong with a class whose name begins with [#PREFIX], in Kubernetes' words; empty when
  /// it is as the cluster has it.
  static String problem(String name, long value, boolean usual) {
    @Nullable Integer expected = VALUES.get(name);
    if (expected == null) {
      return name + " is not a known system priority class";
    }
    if (value != expected) {
      return "value of %s PriorityClass must be %d".formatted(name, expected);
    }
    return usual ? "globalDefault of %s PriorityClass must be false".formatted(name) : "";
  }
}
