// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.integer;
import static dev.havn.apiserver.columns.Column.size;
import static dev.havn.apiserver.columns.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// What requests have to pass.
final class AdmissionColumns {
  private AdmissionColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration" ->
          List.of(size("Webhooks", "webhooks"), age());
      case "MutatingAdmissionPolicy" ->
          List.of(size("Mutations", "spec.mutations"), parameterKind(), age());
      case "ValidatingAdmissionPolicy" ->
          List.of(size("Validations", "spec.validations"), parameterKind(), age());
      case "MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicyBinding" ->
          List.of(
              text("PolicyName", "spec.policyName"),
              text("ParamRef", AdmissionColumns::parameter),
              age());
      case "FlowSchema" ->
          List.of(
              text("PriorityLevel", "spec.priorityLevelConfiguration.name"),
              integer("MatchingPrecedence", "spec.matchingPrecedence").typed("string"),
              text(
                  "DistinguisherMethod", o -> Cells.orNone(at(o, "spec.distinguisherMethod.type"))),
              age(),
              text("MissingPL", AdmissionColumns::dangling));
      case "PriorityLevelConfiguration" ->
          List.of(
              text("Type", "spec.type"),
              text("NominalConcurrencyShares", AdmissionColumns::shares),
              text("Queues", o -> queuing(o, "queues")),
              text("HandSize", o -> queuing(o, "handSize")),
              text("QueueLengthLimit", o -> queuing(o, "queueLengthLimit")),
              age());
      default -> List.of();
    };
  }

  private static Column parameterKind() {
    return text(
        "ParamKind",
        o -> {
          JsonNode kind = node(o, "spec.paramKind");
          return kind.isMissingNode()
              ? Cells.UNSET
              : at(kind, "apiVersion") + "/" + at(kind, "kind");
        });
  }

  private static String parameter(JsonNode binding) {
    String name = at(binding, "spec.paramRef.name");
    String namespace = at(binding, "spec.paramRef.namespace");
    if (name.isEmpty()) {
      return node(binding, "spec.paramRef").isMissingNode() ? Cells.UNSET : "*";
    }
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }

  private static String dangling(JsonNode schema) {
    String status = Cells.condition(schema, "Dangling");
    return status.isEmpty() ? "?" : status;
  }

  private static String shares(JsonNode level) {
    return Cells.orNone(
        Cells.first(
            level,
            "spec.limited.nominalConcurrencyShares",
            "spec.exempt.nominalConcurrencyShares"));
  }

  private static String queuing(JsonNode level, String field) {
    return Cells.orNone(at(level, "spec.limited.limitResponse.queuing." + field));
  }
}
