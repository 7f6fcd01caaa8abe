// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One line of the table: what each target reached at its best.
final class Figure {
  private final String name;
  private final String unit;
  private final boolean more;
  private final Map<String, Double> best = new LinkedHashMap<>();

  /// @param more whether more is better
  Figure(String name, String unit, boolean more) {
    this.name = name;
    this.unit = unit;
    this.more = more;
  }

  /// A figure of one target, measured once.
  static Figure of(String name, String unit, String target, double value) {
    Figure figure = new Figure(name, unit, false);
    figure.add(target, value);
    return figure;
  }

  void add(String target, double value) {
    best.merge(target, value, more ? Math::max : Math::min);
  }

  /// As a row of a Markdown table with Havn's figure, the peer's, and the ratio of the two.
  String row() {
    Optional<Double> havn = Optional.ofNullable(best.get("Havn"));
    Optional<Double> peer = Optional.ofNullable(best.get("kube-apiserver"));
    String ratio =
        havn.flatMap(ours -> peer.map(theirs -> String.format(Locale.ROOT, "%.2f", ours / theirs)))
            .orElse("");
    return "| %s | %s | %s | %s |".formatted(name, text(havn), text(peer), ratio);
  }

  private String text(Optional<Double> value) {
    return value
        .map(
            number ->
                String.format(Locale.ROOT, number < 10 ? "%,.1f %s" : "%,.0f %s", number, unit))
        .orElse("")
        .replace(" /s", "/s");
  }
}
