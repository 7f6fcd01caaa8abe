// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;

/// What a question for access must satisfy to be answered.
public final class ReviewRules {
  private static final String TWICE = "may not specified at the same time as requirements";

  private ReviewRules() {}

  /// Errors of an access review of any kind.
  public static List<FieldError> of(String kind, ObjectNode review) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(review, errors);
    At spec = root.at("spec");
    At resource = spec.at("resourceAttributes");
    At path = spec.at("nonResourceAttributes");
    if (resource.isThere() && path.isThere()) {
      path.invalid("cannot be specified in combination with resourceAttributes");
    }
    if (!resource.isThere() && !path.isThere()) {
      resource.invalid(
          "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }
    boolean ofSelf = kind.equals("SelfSubjectAccessReview");
    if (!ofSelf && spec.at("user").isEmpty() && spec.at("groups").isEmpty()) {
      spec.at("user").invalidText("at least one of user or group must be specified");
    }
    selector(resource.at("fieldSelector"), false);
    selector(resource.at("labelSelector"), true);
    boolean local = kind.equals("LocalSubjectAccessReview");
    metadata(root.at("metadata"), local);
    if (local) {
      At namespace = resource.at("namespace");
      if (resource.isThere() && !namespace.is(root.at("metadata").at("namespace").text())) {
        namespace.invalidText("must match metadata.namespace");
      }
      if (path.isThere()) {
        path.invalid("disallowed on this kind of request");
      }
    }
    return errors;
  }

  private static void metadata(At metadata, boolean local) {
    boolean named =
        metadata.value().properties().stream()
            .map(each -> each.getKey())
            .anyMatch(
                field -> !field.equals("managedFields") && !(local && field.equals("namespace")));
    if (named) {
      metadata.invalid(local ? "must be empty except for namespace" : "must be empty");
    }
  }

  private static void selector(At selector, boolean ofLabels) {
    if (!selector.isThere()) {
      return;
    }
    At raw = selector.at("rawSelector");
    At requirements = selector.at("requirements");
    if (!raw.isEmpty() && !requirements.isEmpty()) {
      raw.invalidText(TWICE);
    }
    if (raw.isEmpty() && requirements.isEmpty()) {
      requirements.required(
          "when %s is specified, requirements or rawSelector is required"
              .formatted(selector.path()));
    }
    for (At each : requirements.items()) {
      if (ofLabels) {
        SelectorRules.requirement(each, true);
        continue;
      }
      each.at("key").needs("must be specified");
      SelectorRules.operator(each, true);
    }
  }
}
