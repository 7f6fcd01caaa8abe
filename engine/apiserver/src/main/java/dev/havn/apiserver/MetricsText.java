// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.store.Durations;

/// Prometheus' text form, version 0.0.4.
public final class MetricsText {
  private final StringBuilder text = new StringBuilder();

  /// Begins a metric.
  ///
  /// @param type `counter`, `gauge` or `histogram`
  public MetricsText metric(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    return this;
  }

  /// @param labels such as `verb="GET"`, or empty
  public MetricsText sample(String name, String labels, long value) {
    return line(name, labels, String.valueOf(value));
  }

  public MetricsText sample(String name, String labels, double value) {
    return line(name, labels, String.valueOf(value));
  }

  private MetricsText line(String name, String labels, String value) {
    text.append(name);
    if (!labels.isEmpty()) {
      text.append('{').append(labels).append('}');
    }
    text.append(' ').append(value).append('\n');
    return this;
  }

  /// All lines of a histogram.
  public MetricsText durations(String name, String labels, Durations durations) {
    String before = labels.isEmpty() ? "" : labels + ",";
    durations.forEach(
        (bound, count) -> sample(name + "_bucket", before + "le=\"" + bound + "\"", count));
    return sample(name + "_sum", labels, durations.seconds())
        .sample(name + "_count", labels, durations.count());
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
