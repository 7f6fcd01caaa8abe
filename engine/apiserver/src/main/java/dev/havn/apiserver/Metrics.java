// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// Counts of requests in Prometheus' text form.
final class Metrics {
  private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();

  void count(String verb, String resource) {
    String labels =
        "verb=\"%s\",resource=\"%s\"".formatted(verb.toUpperCase(java.util.Locale.ROOT), resource);
    requests.computeIfAbsent(labels, _ -> new LongAdder()).increment();
  }

  String text() {
    StringBuilder text =
        new StringBuilder(
            """
            # HELP apiserver_request_total Requests by verb and resource.
            # TYPE apiserver_request_total counter
            """);
    new TreeMap<>(requests)
        .forEach(
            (labels, count) ->
                text.append("apiserver_request_total{%s} %d\n".formatted(labels, count.sum())));
    return text.toString();
  }
}
