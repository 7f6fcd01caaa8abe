// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.Times;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What the status of a definition says: the names it got, and its conditions.
final class Conditions {
  private static final String APPROVAL = "api-approved.kubernetes.io";
  private static final String TERMINATING = "Terminating";

  private Conditions() {}

  /// One condition without its time.
  private record Condition(String type, String status, String reason, String message) {}

  /// The definition at `index` with the status that it should have; empty when it has it.
  static Optional<ObjectNode> update(List<ObjectNode> definitions, int index, Instant now) {
    ObjectNode before = definitions.get(index);
    ObjectNode after = before.deepCopy();
    ObjectNode status = after.withObjectProperty("status");
    if (!before.path("spec").path("names").equals(before.path("status").path("acceptedNames"))
        || find(before, "NamesAccepted").isMissingNode()) {
      names(after, status, others(definitions, index), now);
    }
    boolean accepted = isTrue(after, "NamesAccepted");
    if (accepted && !isTrue(after, "Established")) {
      set(
          status,
          new Condition(
              "Established",
              "True",
              "InitialNamesAccepted",
              "the initial names have been accepted"),
          now);
    }
    approval(after).ifPresent(condition -> set(status, condition, now));
    boolean ending =
        after.path("metadata").has("deletionTimestamp")
            && after.path("metadata").path("finalizers").toString().contains(Definitions.FINALIZER);
    if (ending) {
      set(
          status,
          new Condition(
              TERMINATING,
              "True",
              "InstanceDeletionInProgress",
              "CustomResource deletion is in progress"),
          now);
    }
    return after.equals(before) ? Optional.empty() : Optional.of(after);
  }

  private static List<ObjectNode> others(List<ObjectNode> definitions, int index) {
    List<ObjectNode> others = new ArrayList<>();
    String group = definitions.get(index).path("spec").path("group").asText();
    for (int i = 0; i < definitions.size(); i++) {
      if (i != index && definitions.get(i).path("spec").path("group").asText().equals(group)) {
        others.add(definitions.get(i));
      }
    }
    return others;
  }

  private static void names(
      ObjectNode definition, ObjectNode status, List<ObjectNode> others, Instant now) {
    Set<String> resources = new HashSet<>();
    Set<String> kinds = new HashSet<>();
    for (ObjectNode other : others) {
      JsonNode names = other.path("status").path("acceptedNames");
      resources.add(names.path("plural").asText(""));
      resources.add(names.path("singular").asText(""));
      names.path("shortNames").forEach(each -> resources.add(each.asText()));
      kinds.add(names.path("kind").asText(""));
      kinds.add(names.path("listKind").asText(""));
    }
    JsonNode wanted = definition.path("spec").path("names");
    ObjectNode got = status.withObjectProperty("acceptedNames");
    Condition condition =
        new Condition("NamesAccepted", "True", "NoConflicts", "no conflicts found");
    condition = take(wanted, got, "plural", resources, "PluralConflict", condition);
    condition = take(wanted, got, "singular", resources, "SingularConflict", condition);
    condition = takeShortNames(wanted, got, resources, condition);
    condition = take(wanted, got, "kind", kinds, "KindConflict", condition);
    condition = take(wanted, got, "listKind", kinds, "ListKindConflict", condition);
    copy(wanted, got, "categories");
    set(status, condition, now);
    if (find(definition, "Established").isMissingNode()) {
      boolean accepted = condition.status().equals("True");
      set(
          status,
          new Condition(
              "Established",
              "False",
              accepted ? "Installing" : "NotAccepted",
              accepted ? "the initial names have been accepted" : "not all names are accepted"),
          now);
    }
  }

  private static Condition take(
      JsonNode wanted,
      ObjectNode got,
      String field,
      Set<String> used,
      String reason,
      Condition condition) {
    String name = wanted.path(field).asText("");
    if (!name.equals(got.path(field).asText("")) && used.contains(name)) {
      return conflict(reason, inUse(name));
    }
    copy(wanted, got, field);
    return condition;
  }

  private static Condition takeShortNames(
      JsonNode wanted, ObjectNode got, Set<String> used, Condition condition) {
    Set<String> own = new HashSet<>();
    got.path("shortNames").forEach(each -> own.add(each.asText()));
    List<String> taken = new ArrayList<>();
    for (JsonNode each : wanted.path("shortNames")) {
      if (!own.contains(each.asText()) && used.contains(each.asText())) {
        taken.add(inUse(each.asText()));
      }
    }
    if (!taken.isEmpty()) {
      String message = String.join(", ", taken);
      return conflict("ShortNamesConflict", taken.size() == 1 ? message : "[" + message + "]");
    }
    copy(wanted, got, "shortNames");
    return condition;
  }

  private static String inUse(String name) {
    return "\"" + name + "\" is already in use";
  }

  private static Condition conflict(String reason, String message) {
    return new Condition("NamesAccepted", "False", reason, message);
  }

  private static void copy(JsonNode from, ObjectNode to, String field) {
    if (from.has(field)) {
      to.set(field, from.get(field));
    } else {
      to.remove(field);
    }
  }

  /// Groups of Kubernetes itself need an approval; others have no such condition.
  private static Optional<Condition> approval(ObjectNode definition) {
    String group = definition.path("spec").path("group").asText();
    if (!group.matches("(.*\\.)?(k8s|kubernetes)\\.io")) {
      return Optional.empty();
    }
    String note = definition.path("metadata").path("annotations").path(APPROVAL).asText("");
    String needed = "protected groups must have approval annotation \"%s\"".formatted(APPROVAL);
    String more = ", see https://github.com/kubernetes/enhancements/pull/1111";
    String[] said =
        note.isEmpty()
            ? new String[] {"False", "MissingAnnotation", needed + more}
            : note.startsWith("unapproved")
                ? new String[] {"False", "UnapprovedAnnotation", "not approved: \"" + note + "\""}
                : isUrl(note)
                    ? new String[] {"True", "ApprovedAnnotation", "approved in " + note}
                    : new String[] {
                      "False",
                      "InvalidAnnotation",
                      needed + " with either a URL or a reason starting with \"unapproved\"" + more
                    };
    return Optional.of(
        new Condition("KubernetesAPIApprovalPolicyConformant", said[0], said[1], said[2]));
  }

  private static boolean isUrl(String text) {
    try {
      URI uri = new URI(text);
      return uri.getScheme() != null && uri.getHost() != null;
    } catch (URISyntaxException none) {
      return false;
    }
  }

  private static JsonNode find(ObjectNode definition, String type) {
    for (JsonNode each : definition.path("status").path("conditions")) {
      if (each.path("type").asText().equals(type)) {
        return each;
      }
    }
    return definition.path("status").path("conditions").path(-1);
  }

  private static boolean isTrue(ObjectNode definition, String type) {
    return find(definition, type).path("status").asText("").equals("True");
  }

  private static void set(ObjectNode status, Condition condition, Instant now) {
    ArrayNode conditions = status.withArrayProperty("conditions");
    ObjectNode target = null;
    for (JsonNode each : conditions) {
      if (each.path("type").asText().equals(condition.type())) {
        target = (ObjectNode) each;
      }
    }
    if (target == null) {
      target = conditions.addObject();
    }
    if (!target.path("status").asText("").equals(condition.status())) {
      target.put("lastTransitionTime", Times.seconds(now));
    }
    target.put("message", condition.message()).put("reason", condition.reason());
    target.put("status", condition.status()).put("type", condition.type());
  }
}
