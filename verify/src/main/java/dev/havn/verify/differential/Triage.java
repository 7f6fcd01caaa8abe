// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Differences put in heaps, the largest first, so that the most common ones are mended first.
final class Triage {
  private final Map<String, List<Differential.Difference>> heaps = new HashMap<>();
  private final Map<String, Integer> kinds = new TreeMap<>();
  private int requests;
  private int different;

  void add(Recording.Told told, List<Differential.Difference> differences) {
    requests += told.answers().size();
    for (Differential.Difference each : differences) {
      different++;
      String kind = told.script().name().split(" ")[0];
      kinds.merge(kind, 1, Integer::sum);
      String first =
          each.paths().stream()
              .filter(path -> path.startsWith(".message"))
              .findFirst()
              .orElse(each.paths().getFirst());
      String shape =
          first
              .replaceAll("d[0-9]+", "D")
              .replaceAll("\\[[0-9]+\\]", "[]")
              .replaceAll("x{20,}", "X");
      heaps
          .computeIfAbsent(
              shape.substring(0, Math.min(shape.length(), 120)), _ -> new ArrayList<>())
          .add(each);
    }
  }

  void addAll(Triage other) {
    requests += other.requests;
    different += other.different;
    other.kinds.forEach((kind, count) -> kinds.merge(kind, count, Integer::sum));
    other.heaps.forEach(
        (shape, heap) -> heaps.computeIfAbsent(shape, _ -> new ArrayList<>()).addAll(heap));
  }

  Map<String, Integer> byKind() {
    return kinds;
  }

  int different() {
    return different;
  }

  String report(int heapsMax) {
    StringBuilder text = new StringBuilder();
    heaps.values().stream()
        .sorted(Comparator.comparing((List<Differential.Difference> heap) -> -heap.size()))
        .limit(heapsMax)
        .forEach(
            heap ->
                text.append("== ")
                    .append(heap.size())
                    .append(" times\n")
                    .append(heap.getFirst())
                    .append('\n'));
    text.append("by kind: ").append(kinds).append('\n');
    return text.append(requests)
        .append(" requests, ")
        .append(different)
        .append(" answered differently")
        .toString();
  }
}
