// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// Rules of Jobs, also inside CronJobs.
final class JobRules {
  private static final int MANAGER_BYTES_MAX = 63;
  private static final int FAILED_INDEXES_MAX = 100_000;
  private static final int MANY_COMPLETIONS = 100_000;
  private static final int MAX_WITH_MANY_COMPLETIONS = 10_000;
  private static final String UID_LABEL = "controller-uid";
  private static final String NAME_LABEL = "job-name";
  private static final String PREFIX = "batch.kubernetes.io/";

  /// Fields that keep their value, after `completions`, `selector` and `template`.
  private static final List<String> FIXED =
      List.of(
          "completionMode",
          "podFailurePolicy",
          "backoffLimitPerIndex",
          "managedBy",
          "successPolicy");

  private JobRules() {}

  static void check(At object) {
    check(object, true);
  }

  /// @param prefixed whether the template had the newer labels before
  static void check(At object, boolean prefixed) {
    At spec = object.at("spec");
    boolean manual = spec.at("manualSelector").flag();
    if (!manual && spec.at("selector").isThere()) {
      generated(object, spec, prefixed);
    }
    withSelector(spec);
    At name = object.at("metadata").at("name");
    long completions = spec.at("completions").number();
    if (isIndexed(spec) && completions > 0) {
      String host = name.text() + "-" + (completions - 1);
      if (!Formats.label(host).isEmpty()) {
        name.invalidText("will not able to create pod with invalid DNS label: " + host);
      }
    }
  }

  private static void withSelector(At spec) {
    At selector = spec.at("selector");
    spec(spec);
    if (selector.isThere()) {
      SelectorRules.check(selector);
    } else {
      selector.required("");
    }
    SelectorRules.mustChoose(selector, spec.at("template").at("metadata").at("labels"));
  }

  static boolean isIndexed(At spec) {
    return spec.at("completionMode").is("Indexed");
  }

  /// Jobs of old have only labels without a domain.
  static boolean isPrefixed(JsonNode job) {
    JsonNode labels = job.path("spec").path("template").path("metadata").path("labels");
    return labels.has(PREFIX + UID_LABEL) && labels.has(PREFIX + NAME_LABEL);
  }

  /// What the server has written into the template, it must still find there.
  private static void generated(At object, At spec, boolean prefixed) {
    String uid = object.at("metadata").at("uid").text();
    String name = object.at("metadata").at("name").text();
    At labels = spec.at("template").at("metadata").at("labels");
    At selector = spec.at("selector");
    label(labels, UID_LABEL, uid);
    label(labels, NAME_LABEL, name);
    ObjectNode expected = JsonNodeFactory.instance.objectNode();
    expected.put(UID_LABEL, uid).put(NAME_LABEL, name);
    if (prefixed) {
      label(labels, PREFIX + UID_LABEL, uid);
      label(labels, PREFIX + NAME_LABEL, name);
      expected.put(PREFIX + UID_LABEL, uid).put(PREFIX + NAME_LABEL, name);
    }
    if (SelectorRules.isWellFormed(selector)
        && !SelectorRules.matches(selector.value(), expected)) {
      selector.invalid("`selector` not auto-generated");
    }
  }

  private static void label(At labels, String key, String value) {
    At place = labels.named(labels.path() + "[" + key + "]");
    if (!labels.at(key).isThere()) {
      place.required("must be '" + value + "'");
    } else if (!labels.at(key).is(value)) {
      place.invalid("must be '" + value + "'");
    }
  }

  /// What holds for a Job and for the template of one.
  static void spec(At spec) {
    for (String field :
        List.of(
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
            "backoffLimitPerIndex",
            "maxFailedIndexes")) {
      spec.at(field).ifThere(At::nonNegative);
    }
    if (spec.at("maxFailedIndexes").isThere() && !spec.at("backoffLimitPerIndex").isThere()) {
      spec.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
    }
    At managedBy = spec.at("managedBy");
    if (managedBy.isThere()) {
      managedBy.has(Formats::domainPath);
      managedBy.maxBytes(MANAGER_BYTES_MAX);
    }
    completionMode(spec);
    JobPolicyRules.failure(spec);
    JobPolicyRules.success(spec);
    replacement(spec);
    PodRules.checkTemplate(spec.at("template"));
    restarts(spec);
  }

  private static void completionMode(At spec) {
    At mode = spec.at("completionMode");
    if (mode.isThere() && !mode.is("NonIndexed") && !mode.is("Indexed")) {
      mode.notSupported("NonIndexed", "Indexed");
    }
    if (isIndexed(spec)) {
      indexed(spec);
    } else if (!mode.isThere() || mode.is("NonIndexed")) {
      for (String field : List.of("backoffLimitPerIndex", "maxFailedIndexes")) {
        if (spec.at(field).isThere()) {
          spec.at(field).invalid("requires indexed completion mode");
        }
      }
    }
  }

  private static void indexed(At spec) {
    At completions = spec.at("completions");
    At parallelism = spec.at("parallelism");
    At mostFailed = spec.at("maxFailedIndexes");
    if (!completions.isThere()) {
      completions.required("when completion mode is Indexed");
    }
    if (parallelism.number() > FAILED_INDEXES_MAX) {
      parallelism.invalid(
          "must be less than or equal to %d when completion mode is Indexed"
              .formatted(FAILED_INDEXES_MAX));
    }
    if (completions.isThere() && mostFailed.number() > completions.number()) {
      mostFailed.invalid("must be less than or equal to completions");
    }
    if (mostFailed.number() > FAILED_INDEXES_MAX) {
      mostFailed.invalid("must be less than or equal to " + FAILED_INDEXES_MAX);
    }
    if (completions.number() > MANY_COMPLETIONS && spec.at("backoffLimitPerIndex").isThere()) {
      if (!mostFailed.isThere()) {
        mostFailed.required("must be specified when completions is above " + MANY_COMPLETIONS);
      }
      for (At each : List.of(parallelism, mostFailed)) {
        if (each.number() > MAX_WITH_MANY_COMPLETIONS) {
          each.invalid(
              "must be less than or equal to %d when completions are above %d and used with backoff limit per index"
                  .formatted(MAX_WITH_MANY_COMPLETIONS, MANY_COMPLETIONS));
        }
      }
    }
  }

  private static void replacement(At spec) {
    At replacement = spec.at("podReplacementPolicy");
    if (!replacement.isThere()) {
      return;
    }
    if (spec.at("podFailurePolicy").isThere()) {
      replacement.oneOf("Failed");
    } else {
      replacement.oneOf("Failed", "TerminatingOrFailed");
    }
  }

  private static void restarts(At spec) {
    At policy = spec.at("template").at("spec").at("restartPolicy");
    if (policy.is("Always") || policy.isEmpty()) {
      policy.required("valid values: \"OnFailure\", \"Never\"");
    } else if (!policy.is("OnFailure") && !policy.is("Never")) {
      policy.notSupported("OnFailure", "Never");
    } else if (spec.at("podFailurePolicy").isThere() && !policy.is("Never")) {
      policy.invalidText("only \"Never\" is supported when podFailurePolicy is specified");
    }
  }

  /// A changed Job beside what it was; its spec is looked at once more.
  static void changed(At after, ObjectNode before) {
    At spec = after.at("spec");
    JsonNode was = before.path("spec");
    withSelector(spec);
    completions(spec, was);
    spec.at("selector").same(was.get("selector"));
    JobTemplates.changed(after, before);
    for (String field : FIXED) {
      spec.at(field).same(was.get(field));
    }
  }

  private static void completions(At spec, JsonNode was) {
    At completions = spec.at("completions");
    if (!isIndexed(spec)) {
      completions.same(was.get("completions"));
    } else if (completions.isThere()
        && !completions.value().equals(was.path("completions"))
        && completions.number() != spec.at("parallelism").number()) {
      completions.invalid("can only be modified in tandem with spec.parallelism");
    }
  }
}
