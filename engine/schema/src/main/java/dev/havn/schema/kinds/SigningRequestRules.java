// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of what becomes of a request for a certificate. One may approve of it or deny it, another
/// signs it; neither does what is the other's, and what was decided stays.
final class SigningRequestRules {
  private static final String KIND = "CertificateSigningRequest";
  private static final String APPROVED = "Approved";
  private static final String DENIED = "Denied";
  private static final List<String> APPROVALS = List.of(APPROVED, DENIED);
  private static final List<String> DECISIONS = List.of(APPROVED, DENIED, "Failed");

  private SigningRequestRules() {}

  /// Errors of what somebody wrote who approves or denies.
  static List<FieldError> onApproval(ObjectNode before, ObjectNode after) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(after, errors);
    metadata(root, before);
    conditions(root, before);
    keepsDecisions(root, before);
    metadataAgain(root, before);
    return errors;
  }

  /// Errors of what a signer wrote.
  static List<FieldError> onStatus(ObjectNode before, ObjectNode after) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(after, errors);
    At certificate = root.at("status").at("certificate");
    String old = before.path("status").path("certificate").asText("");
    metadata(root, before);
    conditions(root, before);
    if (!certificate.isEmpty() && !certificate.is(old)) {
      issued(certificate);
    }
    keepsDecisions(root, before);
    for (String type : APPROVALS) {
      if (count(after, type) > count(before, type)) {
        root.at("status")
            .at("conditions")
            .forbidden("updates may not add a condition of type \"%s\"".formatted(type));
      }
    }
    if (!old.isEmpty() && !certificate.is(old)) {
      certificate.forbidden("updates may not modify existing certificate content");
    }
    metadataAgain(root, before);
    return errors;
  }

  private static void metadata(At root, ObjectNode before) {
    At metadata = root.at("metadata");
    MetadataRules.changed(metadata);
    MetadataRules.onUpdate(metadata, before.path("metadata"));
    MetadataRules.ofAnyKind(metadata);
    MetadataRules.standardFinalizers(KIND, metadata);
  }

  private static void metadataAgain(At root, ObjectNode before) {
    MetadataRules.onUpdate(root.at("metadata"), before.path("metadata"));
    MetadataRules.standardFinalizers(KIND, root.at("metadata"));
  }

  /// What stood there before is tolerated: it comes from a time in which it was not judged.
  private static void conditions(At root, ObjectNode before) {
    At conditions = root.at("status").at("conditions");
    boolean exclusive = count(before, APPROVED) == 0 || count(before, DENIED) == 0;
    boolean typed = count(before, "") == 0;
    boolean distinct = types(before).size() == types(before).stream().distinct().count();
    Set<String> seen = new HashSet<>();
    for (At condition : conditions.items()) {
      String type = condition.at("type").text();
      if (typed) {
        condition.at("type").needs();
      }
      if (DECISIONS.contains(type)) {
        condition.at("status").needsOneOf("True");
      } else {
        condition.at("status").needsOneOf("False", "True", "Unknown");
      }
      boolean both =
          type.equals(APPROVED) && seen.contains(DENIED)
              || type.equals(DENIED) && seen.contains(APPROVED);
      if (exclusive && both) {
        conditions
            .errors()
            .add(
                FieldError.invalid(
                    conditions.path(),
                    type,
                    "Approved and Denied conditions are mutually exclusive"));
      }
      if (!seen.add(type) && distinct) {
        condition.at("type").duplicate();
      }
    }
  }

  private static void keepsDecisions(At root, ObjectNode before) {
    for (String type : DECISIONS) {
      if (count(root.value(), type) < count(before, type)) {
        root.at("status")
            .at("conditions")
            .forbidden("updates may not remove a condition of type \"%s\"".formatted(type));
      }
    }
  }

  private static void issued(At certificate) {
    String problem = PemCertificates.problem(certificate.text());
    if (!problem.isEmpty()) {
      certificate
          .errors()
          .add(FieldError.invalid(certificate.path(), "<certificate data>", problem));
    }
  }

  private static long count(JsonNode request, String type) {
    return types(request).stream().filter(type::equals).count();
  }

  private static List<String> types(JsonNode request) {
    return request
        .path("status")
        .path("conditions")
        .valueStream()
        .map(each -> each.path("type").asText(""))
        .toList();
  }
}
