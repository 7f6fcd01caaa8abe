// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// Metrics in the text format of Prometheus, those of one name together.
final class MetricLines {
  private final Map<String, StringBuilder> byName = new LinkedHashMap<>();

  /// Announces a metric; of what is announced and has no line, nothing is said.
  ///
  /// @param type `counter`, `gauge` or `histogram`
  MetricLines metric(String name, String type, String help) {
    byName.put(
        name, new StringBuilder("# HELP %s %s\n# TYPE %s %s\n".formatted(name, help, name, type)));
    return this;
  }

  /// @param labels names and values in turn
  void add(String name, double value, Instant at, String... labels) {
    line(name, "", value, labels).append(' ').append(at.toEpochMilli()).append('\n');
  }

  /// Without a time: as it is now.
  void add(String name, double value, String... labels) {
    line(name, "", value, labels).append('\n');
  }

  /// A part of a histogram.
  ///
  /// @param suffix as of `_bucket`
  void addPart(String name, String suffix, double value, String... labels) {
    line(name, suffix, value, labels).append('\n');
  }

  private StringBuilder line(String name, String suffix, double value, String... labels) {
    StringBuilder lines = byName.computeIfAbsent(name, _ -> new StringBuilder());
    lines.append(name).append(suffix);
    Map<String, String> sorted = new TreeMap<>();
    for (int i = 0; i < labels.length; i += 2) {
      sorted.put(labels[i], labels[i + 1]);
    }
    if (!sorted.isEmpty()) {
      StringBuilder text = new StringBuilder();
      sorted.forEach(
          (label, of) ->
              text.append(text.isEmpty() ? "{" : ",")
                  .append(label)
                  .append("=\"")
                  .append(escaped(of))
                  .append('"'));
      lines.append(text).append('}');
    }
    boolean whole = value == Math.rint(value) && Math.abs(value) < 1e15;
    return lines.append(' ').append(whole ? String.valueOf((long) value) : String.valueOf(value));
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  @Override
  public String toString() {
    StringBuilder all = new StringBuilder();
    byName.values().stream()
        .filter(each -> each.indexOf("\n", each.indexOf("# TYPE")) < each.length() - 1)
        .forEach(all::append);
    return all.toString();
  }
}
