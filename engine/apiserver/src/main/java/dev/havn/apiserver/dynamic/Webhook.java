// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// One webhook of a configuration, compiled.
///
/// @param configuration the name of the configuration
/// @param id of the webhook: names may repeat
/// @param clientConfig where it is
/// @param ignoresFailure whether the write goes on when the webhook cannot be called
/// @param hasSideEffects whether it must not be called for a dry run
/// @param reviewVersions of `AdmissionReview`, most wanted first
/// @param reinvoked whether it is asked again after others changed the object
record Webhook(
    String configuration,
    String id,
    String name,
    JsonNode clientConfig,
    Matching matching,
    Conditions conditions,
    boolean ignoresFailure,
    boolean hasSideEffects,
    Duration timeout,
    List<String> reviewVersions,
    boolean reinvoked) {

  /// All webhooks of a configuration, in their order.
  static List<Webhook> of(ObjectNode configuration) {
    List<Webhook> webhooks = new ArrayList<>();
    String name = configuration.path("metadata").path("name").asText();
    for (JsonNode each : configuration.path("webhooks")) {
      List<String> versions = new ArrayList<>();
      each.path("admissionReviewVersions").forEach(version -> versions.add(version.asText()));
      boolean ignores = each.path("failurePolicy").asText("Fail").equals("Ignore");
      String effects = each.path("sideEffects").asText("");
      webhooks.add(
          new Webhook(
              name,
              name + "/" + each.path("name").asText() + "/" + webhooks.size(),
              each.path("name").asText(),
              each.path("clientConfig"),
              Matching.of(each, "rules"),
              Conditions.of(each.path("matchConditions"), false, ignores),
              ignores,
              !effects.equals("None") && !effects.equals("NoneOnDryRun"),
              Duration.ofSeconds(each.path("timeoutSeconds").asLong(10)),
              versions,
              each.path("reinvocationPolicy").asText("Never").equals("IfNeeded")));
    }
    return webhooks;
  }
}
