// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.store.Durations;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/// What webhooks and policies are counted by, under the names that Kubernetes gives it. Safe for
/// many threads.
public final class AdmissionMetrics {
  private static final List<Double> WEBHOOK_BOUNDS =
      List.of(0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0, 25.0);
  private static final List<Double> POLICY_BOUNDS = List.of(0.0000005, 0.001, 0.01, 0.1, 1.0);
  private static final String WEBHOOK = "apiserver_admission_webhook_";

  /// Codes above this are counted as this.
  private static final int CODE_MAX = 600;

  private final InstantSource clock;
  private final Counts rejections =
      new Counts(WEBHOOK + "rejection_count", "Refusals by webhooks, and failures that refused.");
  private final Counts failedOpen =
      new Counts(WEBHOOK + "fail_open_count", "Writes that went on without an answer.");
  private final Counts requests =
      new Counts(WEBHOOK + "request_total", "Questions to webhooks by their outcome.");
  private final Times took =
      new Times(
          WEBHOOK + "admission_duration_seconds", "Time until webhooks answered.", WEBHOOK_BOUNDS);
  private final Policies validating = new Policies("validating");
  private final Policies mutating = new Policies("mutating");

  public AdmissionMetrics(InstantSource clock) {
    this.clock = clock;
  }

  private record Counts(String name, String help, Map<String, LongAdder> counts) {
    Counts(String name, String help) {
      this(name, help, new ConcurrentSkipListMap<>());
    }

    void add(String labels) {
      counts.computeIfAbsent(labels, _ -> new LongAdder()).increment();
    }

    void show(MetricsText text) {
      text.metric(name, "counter", help);
      counts.forEach((labels, count) -> text.sample(name, labels, count.sum()));
    }
  }

  private record Times(
      String name, String help, List<Double> bounds, Map<String, Durations> durations) {
    Times(String name, String help, List<Double> bounds) {
      this(name, help, bounds, new ConcurrentSkipListMap<>());
    }

    void add(String labels, Duration duration) {
      durations.computeIfAbsent(labels, _ -> new Durations(bounds)).record(duration);
    }

    void show(MetricsText text) {
      text.metric(name, "histogram", help);
      durations.forEach((labels, times) -> text.durations(name, labels, times));
    }
  }

  private record Policies(Counts checks, Times took) {
    Policies(String kind) {
      this(
          new Counts(
              "apiserver_" + kind + "_admission_policy_check_total",
              "Checks by policies that came to something."),
          new Times(
              "apiserver_" + kind + "_admission_policy_check_duration_seconds",
              "Time that such a check took.",
              POLICY_BOUNDS));
    }

    void add(String labels, Duration duration) {
      checks.add(labels);
      took.add(labels, duration);
    }
  }

  Instant now() {
    return clock.instant();
  }

  /// What came of a question to a webhook.
  ///
  /// @param code of its refusal, 200 when it agreed
  /// @param error whose failure it was: empty when it gave an answer
  /// @param rejected whether the write is refused for it
  record Asked(int code, String error, boolean rejected) {
    static final Asked AGREED = new Asked(200, "", false);

    static Asked refused(int code) {
      return new Asked(code, "", true);
    }

    /// @param rejected whether the write does not go on without an answer
    static Asked failed(boolean rejected) {
      return new Asked(503, "calling_webhook_error", rejected);
    }

    static Asked impossible() {
      return new Asked(0, "apiserver_internal_error", true);
    }
  }

  /// Notes a question to a webhook.
  void webhook(String name, boolean isMutating, Operation operation, Instant since, Asked asked) {
    String type = isMutating ? "admit" : "validating";
    int code = Math.min(asked.code(), CODE_MAX);
    String who = "name=\"%s\",operation=\"%s\"".formatted(name, operation);
    String rejected = "rejected=\"%b\",type=\"%s\"".formatted(asked.rejected(), type);
    took.add(who + "," + rejected, Duration.between(since, now()));
    requests.add("code=\"%d\",%s,%s".formatted(code, who, rejected));
    if (asked.rejected()) {
      String error = asked.error().isEmpty() ? "no_error" : asked.error();
      rejections.add(
          "error_type=\"%s\",%s,rejection_code=\"%d\",type=\"%s\""
              .formatted(error, who, code, type));
    } else if (!asked.error().isEmpty()) {
      failedOpen.add("name=\"%s\",type=\"%s\"".formatted(name, type));
    }
  }

  /// Notes what a validating policy came to.
  ///
  /// @param action `deny`, `audit`, `warn` or `allow`
  /// @param message why
  void validated(String policy, String binding, String action, String message, Duration duration) {
    validating.add(
        "enforcement_action=\"%s\",%s".formatted(action, labels(policy, binding, error(message))),
        duration);
  }

  /// Notes what a mutating policy came to.
  ///
  /// @param message why it failed, or empty
  void mutated(String policy, String binding, String message, Duration duration) {
    String error = message.isEmpty() ? "no_error" : error(message);
    mutating.add(labels(policy, binding, error), duration);
  }

  private static String labels(String policy, String binding, String error) {
    return "error_type=\"%s\",policy=\"%s\",policy_binding=\"%s\""
        .formatted(error, policy, binding);
  }

  private static String error(String message) {
    if (message.startsWith("compilation")) {
      return "compile_error";
    }
    return message.startsWith("validation failed due to running out of cost budget")
        ? "out_of_budget"
        : "invalid_error";
  }

  /// Writes all of it.
  public void measure(MetricsText text) {
    took.show(text);
    rejections.show(text);
    requests.show(text);
    failedOpen.show(text);
    for (Policies each : List.of(validating, mutating)) {
      each.checks().show(text);
      each.took().show(text);
    }
  }
}
