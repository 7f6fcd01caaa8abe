// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.created;
import static dev.havn.apiserver.columns.Column.text;
import static dev.havn.apiserver.columns.Column.timed;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.StringJoiner;

/// Who may do what.
final class AccessColumns {
  private AccessColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "Role", "ClusterRole" -> List.of(created());
      case "RoleBinding", "ClusterRoleBinding" ->
          List.of(
              text("Role", o -> at(o, "roleRef.kind") + "/" + at(o, "roleRef.name")),
              age(),
              text("Users", o -> subjects(o, "User")).wide(),
              text("Groups", o -> subjects(o, "Group")).wide(),
              text("ServiceAccounts", o -> subjects(o, "ServiceAccount")).wide());
      case "CertificateSigningRequest" ->
          List.of(
              age(),
              text("SignerName", o -> Cells.orNone(at(o, "spec.signerName"))),
              text("Requestor", "spec.username"),
              timed("RequestedDuration", 0, (o, _) -> duration(o)),
              text("Condition", AccessColumns::condition));
      default -> List.of();
    };
  }

  private static String subjects(JsonNode binding, String kind) {
    StringJoiner text = new StringJoiner(", ");
    for (JsonNode subject : binding.path("subjects")) {
      if (at(subject, "kind").equals(kind)) {
        String name = at(subject, "name");
        text.add(kind.equals("ServiceAccount") ? at(subject, "namespace") + "/" + name : name);
      }
    }
    return text.toString();
  }

  private static String duration(JsonNode request) {
    long seconds = Cells.number(request, "spec.expirationSeconds");
    return seconds == 0 ? Cells.NONE : Age.of(Duration.ofSeconds(seconds));
  }

  private static String condition(JsonNode request) {
    String text = "Pending";
    if (!Cells.condition(request, "Denied").isEmpty()) {
      text = "Denied";
    } else if (!Cells.condition(request, "Approved").isEmpty()) {
      text = "Approved";
    }
    text += Cells.condition(request, "Failed").isEmpty() ? "" : ",Failed";
    return text + (at(request, "status.certificate").isEmpty() ? "" : ",Issued");
  }
}
