// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.Attributes;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.authorization.Decision;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.expression.Rights;
import dev.havn.schema.expression.Values;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What expressions see of a write.
public final class Variables {
  private static final Set<String> SHOWN_METADATA =
      Set.of(
          "name",
          "generateName",
          "labels",
          "annotations",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds",
          "generation",
          "resourceVersion",
          "finalizers",
          "uid");

  private final Objects objects;
  private final Authorizer authorizer;

  public Variables(Objects objects, Authorizer authorizer) {
    this.objects = objects;
    this.authorizer = authorizer;
  }

  /// Those of every expression, by name.
  ///
  /// @param as the type that the object is shown as
  /// @param unfinished whether it is not validated yet
  Map<String, Object> of(Write write, ResourceType as, boolean unfinished) {
    Map<String, Object> variables = new HashMap<>();
    variables.put("object", Values.of(AdmissionReviews.object(write, as, unfinished)));
    variables.put("oldObject", Values.of(AdmissionReviews.oldObject(write, as)));
    ObjectNode request = AdmissionReviews.request(write, as, unfinished);
    @Nullable ObjectNode options = write.form().options().get();
    if (options != null) {
      request.set("options", options);
    }
    variables.put("request", Values.of(request));
    variables.put("namespaceObject", namespace(write));
    variables.put("params", Values.of(null));
    Rights rights = question -> decide(write.user(), question);
    variables.put("authorizer", Rights.Asking.of(rights));
    variables.put(
        "authorizer.requestResource",
        Rights.Asking.of(
            rights,
            write.type().group(),
            write.type().plural(),
            write.subresource(),
            write.namespace(),
            write.name()));
    return variables;
  }

  private Object namespace(Write write) {
    boolean itself = write.type().plural().equals("namespaces") && write.type().group().isEmpty();
    @Nullable ObjectNode found =
        write.namespace().isEmpty() || itself
            ? null
            : objects.read("v1", "namespaces", "", write.namespace());
    if (found == null) {
      return Values.of(null);
    }
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : found.path("metadata").properties()) {
      String name = each.getKey();
      if (SHOWN_METADATA.contains(name)) {
        metadata.put(
            name.equals("uid") ? "UID" : name,
            name.endsWith("Timestamp")
                ? Instant.parse(each.getValue().asText())
                : Values.of(each.getValue()));
      }
    }
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("metadata", metadata);
    shown.put("spec", Values.of(found.path("spec")));
    shown.put("status", Values.of(found.path("status")));
    return shown;
  }

  private Rights.Answer decide(UserInfo user, Rights.Question question) {
    UserInfo asker = user;
    int colon = question.account().indexOf(':');
    if (colon >= 0) {
      String namespace = question.account().substring(0, colon);
      asker =
          new UserInfo(
              "system:serviceaccount:" + question.account(),
              List.of(
                  "system:serviceaccounts",
                  "system:serviceaccounts:" + namespace,
                  UserInfo.AUTHENTICATED));
    }
    Decision decision =
        authorizer.decide(
            new Attributes(
                asker,
                question.verb(),
                question.group(),
                question.resource(),
                question.subresource(),
                question.namespace(),
                question.name(),
                question.path()));
    return new Rights.Answer(decision.allowed(), decision.reason());
  }
}
