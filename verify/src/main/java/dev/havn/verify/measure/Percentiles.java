// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.util.List;

/// What lies at a place of sorted figures.
final class Percentiles {
  private Percentiles() {}

  static double median(List<Double> figures) {
    return at(figures, 50);
  }

  static double at(List<Double> figures, int percent) {
    List<Double> sorted = figures.stream().sorted().toList();
    int rank = (int) Math.ceil(sorted.size() * percent / 100.0);
    return sorted.get(Math.max(0, rank - 1));
  }
}
