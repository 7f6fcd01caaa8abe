// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The feature gates of Kubernetes that can be switched here, as `--feature-gates` of its programs
/// says it: `MaxUnavailableStatefulSet=true`. A gate that changes nothing in this process is
/// refused rather than ignored, unless it is set to what it is anyway.
///
/// @param on the features that are there although Kubernetes has them off
public record FeatureGates(Set<Feature> on) {

  /// A feature that Kubernetes has and does not turn on by itself.
  public enum Feature {
    /// `maxUnavailable` of a StatefulSet's rolling update (KEP-961)
    MAX_UNAVAILABLE_STATEFUL_SET("MaxUnavailableStatefulSet"),
    /// servers say in which versions they keep resources (KEP-2339)
    STORAGE_VERSION_API("StorageVersionAPI");

    private final String gate;

    Feature(String gate) {
      this.gate = gate;
    }

    /// As Kubernetes writes it.
    public String gate() {
      return gate;
    }
  }

  /// As in a Kubernetes whose gates nobody has touched.
  public static final FeatureGates USUAL = new FeatureGates(Set.of());

  /// All gates of the version followed: `NAME on|off [locked]`, a line each.
  private static final String KNOWN = "feature-gates.txt";

  /// What Go reads as a truth.
  private static final Set<String> TRUE = Set.of("1", "t", "T", "true", "TRUE", "True");

  private static final Set<String> FALSE = Set.of("0", "f", "F", "false", "FALSE", "False");

  /// What Kubernetes says of a gate.
  private record Known(boolean isOn, boolean isLocked) {}

  /// Reads what is said; of a gate that is said twice the last counts.
  ///
  /// @throws IllegalArgumentException with the part that cannot be meant
  public static FeatureGates parse(String text) {
    Map<String, Known> known = known();
    Map<String, Boolean> said = new HashMap<>();
    for (String part : text.split(",")) {
      if (!part.isBlank()) {
        String[] pair = part.split("=", 2);
        String name = pair[0].strip();
        if (pair.length == 1) {
          throw new IllegalArgumentException("missing bool value for " + name);
        }
        said.put(name, check(name, pair[1].strip(), known.get(name)));
      }
    }
    Set<Feature> on = EnumSet.noneOf(Feature.class);
    for (Feature each : Feature.values()) {
      if (said.getOrDefault(each.gate, false)) {
        on.add(each);
      }
    }
    return new FeatureGates(Set.copyOf(on));
  }

  private static boolean check(String name, String value, @Nullable Known known) {
    boolean isOn = TRUE.contains(value);
    if (!isOn && !FALSE.contains(value)) {
      throw new IllegalArgumentException(
          "invalid value of %s=%s: expected true or false".formatted(name, value));
    }
    if (known == null) {
      throw new IllegalArgumentException(
          "unrecognized feature gate: %s; there are %s".formatted(name, gates()));
    }
    if (isOn == known.isOn() || gates().contains(name)) {
      return isOn;
    }
    if (known.isLocked()) {
      throw new IllegalArgumentException(
          "cannot set feature gate %s to %s, feature is locked to %s"
              .formatted(name, isOn, known.isOn()));
    }
    throw new IllegalArgumentException(
        "cannot set feature gate %s to %s: of Kubernetes' gates only %s change something in Havn, all others are as Kubernetes sets them itself"
            .formatted(name, isOn, gates()));
  }

  private static Set<String> gates() {
    return Stream.of(Feature.values())
        .map(Feature::gate)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Map<String, Known> known() {
    try (InputStream lines = FeatureGates.class.getResourceAsStream(KNOWN)) {
      if (lines == null) {
        throw new AssertionError(KNOWN + " is not on the class path");
      }
      Map<String, Known> known = new TreeMap<>();
      for (String line : new String(lines.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        String[] words = line.split(" ");
        known.put(words[0], new Known(words[1].equals("on"), words.length > 2));
      }
      return known;
    } catch (IOException e) {
      throw new UncheckedIOException(KNOWN, e);
    }
  }

  public boolean has(Feature feature) {
    return on.contains(feature);
  }

  /// As it was said, empty for nothing.
  @Override
  public String toString() {
    return on.stream().map(each -> each.gate + "=true").sorted().collect(Collectors.joining(","));
  }
}
