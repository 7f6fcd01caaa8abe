// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.FieldError;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Refuses pods that do not meet the standard of their namespace, warns of those that would not
/// meet another, also where only a template comes, and notes both for the audit log.
public final class PodSecurity implements Admission {
  /// Subresources of pods with which no specification comes.
  private static final Set<String> WITHOUT_SPEC =
      Set.of("exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status");

  /// Where the template of a pod is, by `group/plural`.
  private static final Map<String, String> TEMPLATES =
      Map.of(
          "/replicationcontrollers", "/spec/template",
          "/podtemplates", "/template",
          "apps/replicasets", "/spec/template",
          "apps/deployments", "/spec/template",
          "apps/statefulsets", "/spec/template",
          "apps/daemonsets", "/spec/template",
          "batch/jobs", "/spec/template",
          "batch/cronjobs", "/spec/jobTemplate/spec/template");

  private final Objects objects;
  private final Policy defaults;
  private final Exemptions exemptions;
  private final Standards standards = new Standards();
  private final NamespacedPods pods;

  public PodSecurity(Objects objects, PodSecurityConfiguration configuration) {
    this.objects = objects;
    this.defaults = configuration.defaults();
    this.exemptions = configuration.exemptions();
    this.pods = new NamespacedPods(standards, exemptions);
  }

  @Override
  public void validate(Write write) {
    if (write.operation() == Operation.DELETE) {
      return;
    }
    String resource = write.type().group() + "/" + write.type().plural();
    switch (resource) {
      case "/namespaces" -> namespace(write);
      case "/pods" -> pod(write);
      default -> template(write, TEMPLATES.get(resource));
    }
  }

  private void namespace(Write write) {
    if (!write.subresource().isEmpty()) {
      return;
    }
    Map<String, String> labels = labels(write.object());
    Policy.Read now = Policy.of(labels, defaults);
    @Nullable ObjectNode before = write.before();
    if (before == null) {
      if (!now.errors().isEmpty()) {
        throw ApiException.invalid(write.type(), write.name(), now.errors());
      }
      warnIfExempt(write, now.policy(), labels);
      return;
    }
    Policy.Read then = Policy.of(labels(before), defaults);
    if (!now.errors().isEmpty() && !now.errors().equals(then.errors())) {
      throw ApiException.invalid(write.type(), write.name(), now.errors());
    }
    Level.Versioned wanted = now.policy().enforce();
    Level.Versioned had = then.policy().enforce();
    boolean stricter =
        wanted.level().compareTo(had.level()) > 0
            || (wanted.minor() != had.minor() && wanted.level() != Level.PRIVILEGED);
    if (!stricter) {
      return;
    }
    if (exemptions.namespaces().contains(write.name())) {
      warnIfExempt(write, now.policy(), labels);
      return;
    }
    pods.warnings(write.name(), wanted, objects.list("v1", "pods", write.name()))
        .forEach(write.notes()::warn);
  }

  private void warnIfExempt(Write write, Policy policy, Map<String, String> labels) {
    if (exemptions.namespaces().contains(write.name())
        && !policy.isPrivileged()
        && !policy.isEquivalent(defaults)) {
      write
          .notes()
          .warn(
              "namespace \"%s\" is exempt from Pod Security, and the policy (%s) will be ignored"
                  .formatted(write.name(), policy.words(labels)));
    }
  }

  private static Map<String, String> labels(ObjectNode namespace) {
    Map<String, String> labels = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : namespace.at("/metadata/labels").properties()) {
      labels.put(each.getKey(), each.getValue().asText());
    }
    return labels;
  }

  private void pod(Write write) {
    if (WITHOUT_SPEC.contains(write.subresource()) || isExempt(write)) {
      return;
    }
    Policy.Read read = policy(write.namespace());
    if (read.errors().isEmpty() && read.policy().isPrivileged()) {
      note(write, "enforce-policy", read.policy().enforce().toString());
      return;
    }
    @Nullable ObjectNode before = write.before();
    if (before == null
        || SignificantChange.between(before.path("spec"), write.object().path("spec"))) {
      evaluate(write, read, write.object(), true);
    }
  }

  private void template(Write write, @Nullable String where) {
    if (where == null || !write.subresource().isEmpty() || isExempt(write)) {
      return;
    }
    Policy.Read read = policy(write.namespace());
    boolean silent =
        read.policy().audit().level() == Level.PRIVILEGED
            && read.policy().warn().level() == Level.PRIVILEGED;
    JsonNode template = write.object().at(where);
    if (template.isObject() && !(read.errors().isEmpty() && silent)) {
      evaluate(write, read, template, false);
    }
  }

  private boolean isExempt(Write write) {
    String why =
        exemptions.namespaces().contains(write.namespace())
            ? "namespace"
            : exemptions.users().contains(write.user().name()) ? "user" : "";
    if (!why.isEmpty()) {
      note(write, "exempt", why);
    }
    return !why.isEmpty();
  }

  private static void note(Write write, String key, String value) {
    write.notes().annotate(Policy.PREFIX + key, value);
  }

  /// By the labels of the namespace as it stands; they are kept in memory, read.
  private Policy.Read policy(String namespace) {
    ResourceType type = objects.registry().get("v1", "namespaces");
    @Nullable StoredObject found = objects.find(type, "", namespace);
    return Policy.of(found == null ? Map.of() : found.labels(), defaults);
  }

  /// @param pod or a template of one
  private void evaluate(Write write, Policy.Read read, JsonNode pod, boolean enforced) {
    JsonNode spec = pod.path("spec");
    if (exemptions.hasRuntimeClass(spec)) {
      note(write, "exempt", "runtimeClass");
      return;
    }
    Policy policy = read.policy();
    if (!read.errors().isEmpty()) {
      note(write, "error", "Failed to parse policy: " + FieldError.aggregate(read.errors()));
    }
    JsonNode metadata = pod.path("metadata");
    List<Violation> refused = List.of();
    if (enforced) {
      note(write, "enforce-policy", policy.enforce().toString());
      refused = standards.violations(policy.enforce(), metadata, spec);
    }
    List<Violation> noted =
        enforced && policy.audit().equals(policy.enforce())
            ? refused
            : standards.violations(policy.audit(), metadata, spec);
    if (!noted.isEmpty()) {
      note(write, "audit-violations", would(policy.audit(), noted));
    }
    if (!refused.isEmpty()) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "violates PodSecurity \"%s\": %s"
              .formatted(policy.enforce(), Violation.details(refused)));
    }
    List<Violation> warned = standards.violations(policy.warn(), metadata, spec);
    if (!warned.isEmpty()) {
      write.notes().warn(would(policy.warn(), warned));
    }
  }

  private static String would(Level.Versioned standard, List<Violation> violations) {
    return "would violate PodSecurity \"%s\": %s"
        .formatted(standard, Violation.details(violations));
  }
}
