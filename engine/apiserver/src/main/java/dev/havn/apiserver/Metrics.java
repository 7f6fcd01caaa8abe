// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.schema.ResourceType;
import dev.havn.store.Durations;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What the API server counts, by the names that Kubernetes gives it. Counters are plain fields and
/// their text is made when it is asked for: `docs/decisions/0012-own-metrics.md`.
final class Metrics {
  private static final List<Double> BOUNDS =
      List.of(
          0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
          10.0, 15.0, 20.0, 30.0, 45.0, 60.0);
  private static final Set<String> LONG = Set.of("log", "exec", "attach", "portforward", "proxy");
  private static final Set<String> READS = Set.of("get", "list", "watch", "head");

  private final InstantSource clock;
  private final Map<Answered, LongAdder> answered = new ConcurrentHashMap<>();
  private final Map<Asked, Durations> took = new ConcurrentHashMap<>();
  private final Map<Asked, LongAdder> running = new ConcurrentHashMap<>();
  private final LongAdder reading = new LongAdder();
  private final LongAdder writing = new LongAdder();
  private final List<Consumer<MetricsText>> others = new CopyOnWriteArrayList<>();

  /// What a request is, as far as metrics tell requests apart. Only what there is has a name in it:
  /// strangers could fill the memory with what there is not.
  ///
  /// @param isLong whether it ends when its client wants
  record Asked(
      String verb,
      String group,
      String version,
      String resource,
      String subresource,
      String scope,
      boolean isLong) {
    private static final Set<String> METHODS =
        Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");
    private static final String OTHER = "other";

    /// @param type that is asked for, null when there is none
    static Asked of(RequestInfo info, String method, @Nullable ResourceType type) {
      if (!info.isResource()) {
        String path = info.path().startsWith("/openapi") ? "/openapi" : info.path();
        boolean known =
            Set.of("/healthz", "/livez", "/readyz", "/version", "/metrics", "/openapi")
                .contains(path);
        String verb = METHODS.contains(method) ? method : OTHER;
        return new Asked(verb, "", "", "", known ? path : "", "", false);
      }
      boolean isLong = info.verb().equals("watch") || LONG.contains(info.subresource());
      if (type == null) {
        return new Asked(verb(info.verb()), "", "", "", "", "", isLong);
      }
      String scope =
          !info.name().isEmpty()
              ? "resource"
              : info.namespace().isEmpty() ? "cluster" : "namespace";
      boolean isPart =
          type.subresources().stream().anyMatch(each -> each.name().equals(info.subresource()));
      return new Asked(
          verb(info.verb()),
          info.group(),
          info.version(),
          info.resource(),
          isPart ? info.subresource() : "",
          scope,
          isLong);
    }

    private static String verb(String verb) {
      return switch (verb) {
        case "create" -> "POST";
        case "update" -> "PUT";
        case "" -> OTHER;
        default -> verb.toUpperCase(Locale.ROOT);
      };
    }

    String labels(boolean withSubresource) {
      String text =
          "component=\"%s\",dry_run=\"\",group=\"%s\",resource=\"%s\",scope=\"%s\","
              .formatted(resource.isEmpty() ? "" : "apiserver", group, resource, scope);
      String below = withSubresource ? "subresource=\"" + subresource + "\"," : "";
      return text + below + "verb=\"" + verb + "\",version=\"" + version + "\"";
    }
  }

  private record Answered(Asked asked, int code) {}

  Metrics(InstantSource clock) {
    this.clock = clock;
  }

  /// Adds what other parts of the process count.
  void add(Consumer<MetricsText> other) {
    others.add(other);
  }

  Instant now() {
    return clock.instant();
  }

  static boolean isRead(RequestInfo info) {
    return READS.contains(info.verb());
  }

  /// Notes that a request has begun.
  void begun(Asked asked, RequestInfo info) {
    if (!asked.isLong()) {
      (isRead(info) ? reading : writing).increment();
    }
  }

  /// Notes the answer to a request.
  void answered(Asked asked, RequestInfo info, int code, Instant since) {
    answered.computeIfAbsent(new Answered(asked, code), _ -> new LongAdder()).increment();
    if (!asked.isLong()) {
      (isRead(info) ? reading : writing).decrement();
      took.computeIfAbsent(asked, _ -> new Durations(BOUNDS))
          .record(Duration.between(since, clock.instant()));
    }
  }

  void running(Asked asked, int change) {
    running.computeIfAbsent(asked, _ -> new LongAdder()).add(change);
  }

  String text() {
    MetricsText text = new MetricsText();
    text.metric(
        "apiserver_request_total",
        "counter",
        "Requests by verb, group, version, resource, scope and HTTP status code.");
    sorted(answered)
        .forEach((labels, count) -> text.sample("apiserver_request_total", labels, count.sum()));
    text.metric(
        "apiserver_request_duration_seconds",
        "histogram",
        "Time to the answer of requests that are not long-running.");
    Map<String, Durations> all = new TreeMap<>();
    took.forEach((asked, durations) -> all.put(asked.labels(true), durations));
    all.forEach(
        (labels, durations) ->
            text.durations("apiserver_request_duration_seconds", labels, durations));
    text.metric("apiserver_longrunning_requests", "gauge", "Watches and streams that are open.");
    running.forEach(
        (asked, count) ->
            text.sample("apiserver_longrunning_requests", asked.labels(true), count.sum()));
    text.metric(
        "apiserver_current_inflight_requests", "gauge", "Requests that are being answered.");
    text.sample("apiserver_current_inflight_requests", "request_kind=\"mutating\"", writing.sum());
    text.sample("apiserver_current_inflight_requests", "request_kind=\"readOnly\"", reading.sum());
    others.forEach(other -> other.accept(text));
    return text.toString();
  }

  private static Map<String, LongAdder> sorted(Map<Answered, LongAdder> counts) {
    Map<String, LongAdder> sorted = new TreeMap<>();
    counts.forEach(
        (key, count) ->
            sorted
                .computeIfAbsent(
                    "code=\"" + key.code() + "\"," + key.asked().labels(true), _ -> new LongAdder())
                .add(count.sum()));
    return sorted;
  }
}
