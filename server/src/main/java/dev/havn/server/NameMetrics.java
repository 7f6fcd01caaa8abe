// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.network.dns.ClusterNames;
import java.util.List;

/// What the cluster's DNS has done, under names and labels of CoreDNS 1.14 (its plugins `metrics`,
/// `cache` and `forward`), by which dashboards and alerts find it. Not all of its figures are
/// there.
final class NameMetrics {
  private static final String SERVER = "server=\"dns://:53\"";
  private static final String ZONE = SERVER + ",zone=\".\",view=\"\"";
  private static final String ZONES = ",zones=\".\",view=\"\"";
  private static final String CACHE = SERVER + ZONES;

  private NameMetrics() {}

  static void write(MetricsText text, ClusterNames.Figures figures) {
    text.metric(
        "coredns_dns_requests_total",
        "counter",
        "Counter of DNS requests made per zone, protocol and family.");
    samples(text, "coredns_dns_requests_total", ZONE, figures.requests());
    text.metric(
        "coredns_dns_request_duration_seconds",
        "histogram",
        "Histogram of the time (in seconds) each request took per zone.");
    HistogramText.write(text, "coredns_dns_request_duration_seconds", ZONE, figures.durations());
    text.metric("coredns_dns_responses_total", "counter", "Counter of response status codes.");
    samples(text, "coredns_dns_responses_total", ZONE, figures.responses());
    cache(text, figures.remembered());
    forward(text, figures.forwarded());
  }

  private static void samples(
      MetricsText text, String name, String labels, List<ClusterNames.Count> counts) {
    counts.forEach(each -> text.sample(name, labels + "," + each.labels(), each.number()));
  }

  private static void cache(MetricsText text, ClusterNames.Remembered cache) {
    text.metric("coredns_cache_entries", "gauge", "The number of elements in the cache.");
    text.sample("coredns_cache_entries", type("success"), cache.answers());
    text.sample("coredns_cache_entries", type("denial"), cache.kept());
    text.metric("coredns_cache_hits_total", "counter", "The count of cache hits.");
    text.sample("coredns_cache_hits_total", type("success"), cache.hits());
    text.sample("coredns_cache_hits_total", type("denial"), cache.denials());
    text.metric("coredns_cache_misses_total", "counter", "The count of cache misses.");
    text.sample("coredns_cache_misses_total", CACHE, cache.misses());
    text.metric("coredns_cache_requests_total", "counter", "The count of cache requests.");
    text.sample(
        "coredns_cache_requests_total", CACHE, cache.hits() + cache.denials() + cache.misses());
  }

  private static String type(String type) {
    return SERVER + ",type=\"" + type + "\"" + ZONES;
  }

  private static void forward(MetricsText text, ClusterNames.Forwarded forward) {
    text.metric(
        "coredns_proxy_request_duration_seconds",
        "histogram",
        "Histogram of the time each request took.");
    forward
        .answers()
        .forEach(
            each ->
                HistogramText.write(
                    text,
                    "coredns_proxy_request_duration_seconds",
                    "proxy_name=\"forward\",to=\"%s\",rcode=\"%s\""
                        .formatted(each.server(), each.code()),
                    each.durations()));
    text.metric(
        "coredns_forward_max_concurrent_rejects_total",
        "counter",
        "Counter of requests that were refused since too many were asked of other servers.");
    text.sample("coredns_forward_max_concurrent_rejects_total", "", forward.rejected());
  }
}
