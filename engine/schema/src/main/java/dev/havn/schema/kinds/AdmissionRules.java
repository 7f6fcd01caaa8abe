// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of the group `admissionregistration.k8s.io`.
final class AdmissionRules {
  private static final List<String> REVIEW_VERSIONS = List.of("v1", "v1beta1");
  private static final int EXPRESSIONS_MAX = 64;

  private AdmissionRules() {}

  static void validatingWebhooks(At object) {
    webhooks(object);
  }

  static void mutatingWebhooks(At object) {
    webhooks(object);
  }

  private static void webhooks(At object) {
    Set<String> names = new HashSet<>();
    for (At hook : object.at("webhooks").items()) {
      webhook(hook);
      reviewVersions(hook.at("admissionReviewVersions"), "must specify one of v1, v1beta1");
      if (!hook.at("name").isEmpty() && !names.add(hook.at("name").text())) {
        hook.at("name").duplicate();
      }
    }
  }

  private static void webhook(At hook) {
    At name = hook.at("name");
    if (name.needs()) {
      segments(name);
    }
    hook.at("rules").items().forEach(AdmissionRules::rule);
    hook.at("failurePolicy").mayBeOneOf("Fail", "Ignore");
    hook.at("matchPolicy").mayBeOneOf("Equivalent", "Exact");
    At effects = hook.at("sideEffects");
    if (!effects.isThere()) {
      effects.required("must specify one of None, NoneOnDryRun");
    } else {
      effects.oneOf("None", "NoneOnDryRun");
    }
    At seconds = hook.at("timeoutSeconds");
    if (seconds.isThere() && (seconds.number() > 30 || seconds.number() < 1)) {
      seconds.invalid("the timeout value must be between 1 and 30 seconds");
    }
    SelectorRules.check(hook.at("namespaceSelector"));
    SelectorRules.check(hook.at("objectSelector"));
    hook.at("reinvocationPolicy").mayBeOneOf("IfNeeded", "Never");
    client(hook.at("clientConfig"));
    conditions(hook.at("matchConditions"), false);
  }

  private static void segments(At name) {
    List<String> problems = Formats.subdomain(name.text());
    problems.forEach(name::invalidText);
    if (problems.isEmpty() && name.text().split("\\.").length < 3) {
      name.invalidText("should be a domain with at least three segments separated by dots");
    }
  }

  static void client(At client) {
    At url = client.at("url");
    At service = client.at("service");
    if (url.isThere() == service.isThere()) {
      client.required("exactly one of url or service is required");
    } else if (url.isThere()) {
      WebhookUrls.check(url);
    } else {
      service(service);
    }
  }

  static void service(At service) {
    // Kubernetes mistakes the two for each other.
    if (service.at("namespace").isEmpty()) {
      service.at("name").required("");
    }
    if (service.at("name").isEmpty()) {
      service.at("namespace").required("");
    }
    At port = service.at("port");
    if (port.number() < 1 || port.number() > 65_535) {
      port.invalid("port is not valid: must be between 1 and 65535, inclusive");
    }
    At path = service.at("path");
    path.ifThere(AdmissionRules::path);
  }

  private static void path(At path) {
    String text = path.text();
    if (text.isEmpty() || text.equals("/")) {
      return;
    }
    if (!text.startsWith("/")) {
      path.invalidText("must start with a '/'");
    }
    String rest = text.substring(1);
    String steps = rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
    int index = 0;
    for (String step : steps.split("/", -1)) {
      if (step.isEmpty()) {
        path.invalidText("segment[%d] may not be empty".formatted(index));
      } else {
        for (String problem : Formats.subdomain(step)) {
          path.invalidText("segment[%d]: %s".formatted(index, problem));
        }
      }
      index++;
    }
  }

  /// @param detail what is said when there are none
  static void reviewVersions(At versions, String detail) {
    if (versions.isEmpty()) {
      versions.required(detail);
      return;
    }
    Set<String> seen = new HashSet<>();
    boolean known = false;
    for (At version : versions.items()) {
      if (!seen.add(version.text())) {
        version.invalidText("duplicate version");
      } else {
        version.has(Formats::label1035);
      }
      known |= REVIEW_VERSIONS.contains(version.text());
    }
    if (!known) {
      versions.invalid("must include at least one of v1, v1beta1");
    }
  }

  /// What requests a rule is about.
  private static void rule(At rule) {
    At operations = rule.at("operations");
    operations.needs();
    if (operations.value().size() > 1
        && operations.items().stream().anyMatch(each -> each.is("*"))) {
      operations.invalid("if '*' is present, must not specify other operations");
    }
    operations.items().forEach(each -> each.oneOf("*", "CONNECT", "CREATE", "DELETE", "UPDATE"));
    At groups = rule.at("apiGroups");
    groups.needs();
    alone(groups, "API groups");
    At versions = rule.at("apiVersions");
    versions.needs();
    alone(versions, "API versions");
    for (At version : versions.items()) {
      version.needs();
    }
    resources(rule.at("resources"));
    rule.at("scope").mayBeOneOf("*", "Cluster", "Namespaced");
  }

  private static void alone(At list, String what) {
    if (list.value().size() > 1 && list.items().stream().anyMatch(each -> each.is("*"))) {
      list.invalid("if '*' is present, must not specify other " + what);
    }
  }

  private static void resources(At resources) {
    resources.needs();
    Set<String> wholes = new HashSet<>();
    Set<String> parts = new HashSet<>();
    boolean plain = false;
    for (At resource : resources.items()) {
      String text = resource.text();
      int slash = text.indexOf('/');
      if (text.isEmpty()) {
        resource.required("");
      } else if (slash < 0) {
        // Only the last one counts, as in Kubernetes.
        plain = !text.equals("*");
      } else {
        resource(resource, text.substring(0, slash), text.substring(slash + 1), wholes, parts);
      }
    }
    if (resources.value().size() > 1
        && resources.items().stream().anyMatch(each -> each.is("*/*"))) {
      resources.invalid("if '*/*' is present, must not specify other resources");
    }
    if (plain && resources.items().stream().anyMatch(each -> each.is("*"))) {
      resources.invalid("if '*' is present, must not specify other resources without subresources");
    }
  }

  /// A subresource, which may be covered by what stands before it.
  ///
  /// @param wholes resources of which all subresources are meant
  /// @param parts subresources that are meant of all resources
  private static void resource(
      At resource, String whole, String part, Set<String> wholes, Set<String> parts) {
    if (wholes.contains(whole)) {
      resource.invalidText(
          "if '%s/*' is present, must not specify %s".formatted(whole, resource.text()));
    }
    if (parts.contains(part)) {
      resource.invalidText(
          "if '*/%s' is present, must not specify %s".formatted(part, resource.text()));
    }
    if (part.equals("*")) {
      wholes.add(whole);
    }
    if (whole.equals("*")) {
      parts.add(part);
    }
  }

  /// A rule that may be about objects of certain names.
  private static void namedRule(At rule) {
    Set<String> names = new HashSet<>();
    for (At name : rule.at("resourceNames").items()) {
      name.has(Formats::pathSegment);
      if (!names.add(name.text())) {
        name.duplicate();
      }
    }
    rule(rule);
  }

  /// What is deleted cannot be changed on the way.
  static void mutable(At match) {
    for (At rule : match.at("resourceRules").items()) {
      for (At operation : rule.at("operations").items()) {
        operation
            .named(match.path() + ".resourceRules.operations")
            .oneOf("*", "CONNECT", "CREATE", "UPDATE");
      }
    }
  }

  /// @param parameters whether they may look at parameters
  static void conditions(At conditions, boolean parameters) {
    if (conditions.value().size() > EXPRESSIONS_MAX) {
      conditions.errors().add(FieldError.tooLong(conditions.path(), EXPRESSIONS_MAX));
    }
    Set<String> names = new HashSet<>();
    for (At condition : conditions.items()) {
      At name = condition.at("name");
      At expression = condition.at("expression");
      if (expression.text().isBlank()) {
        expression.required("");
      } else {
        Expressions.check(
            expression,
            expression.text().strip(),
            Scope.admission(parameters, true, false),
            Scope.Result.BOOL);
      }
      if (name.needs()) {
        name.has(Formats::qualifiedName);
        if (!names.add(name.text())) {
          name.duplicate();
        }
      }
    }
  }

  static void matchConstraints(At constraints) {
    if (!constraints.isThere()) {
      constraints.required("");
      return;
    }
    matchResources(constraints);
    constraints.at("resourceRules").needs();
  }

  private static void matchResources(At match) {
    match.at("matchPolicy").mayBeOneOf("Equivalent", "Exact");
    SelectorRules.check(match.at("namespaceSelector"));
    SelectorRules.check(match.at("objectSelector"));
    match.at("resourceRules").items().forEach(AdmissionRules::namedRule);
    match.at("excludeResourceRules").items().forEach(AdmissionRules::namedRule);
  }

  static void validatingBinding(At object) {
    At spec = object.at("spec");
    binding(spec);
    At actions = spec.at("validationActions");
    if (actions.isEmpty()) {
      actions.required("at least one validation action is required");
    }
    Set<String> seen = new HashSet<>();
    for (At action : actions.items()) {
      action.oneOf("Audit", "Deny", "Warn");
      if (!seen.add(action.text())) {
        action.duplicate();
      }
    }
    if (seen.contains("Deny") && seen.contains("Warn")) {
      actions.invalid(
          "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
    }
  }

  static void mutatingBinding(At object) {
    binding(object.at("spec"));
    mutable(object.at("spec").at("matchResources"));
  }

  private static void binding(At spec) {
    At policy = spec.at("policyName");
    if (policy.needs()) {
      policy.has(Formats::subdomain);
    }
    At parameters = spec.at("paramRef");
    if (parameters.isThere()) {
      At name = parameters.at("name");
      At selector = parameters.at("selector");
      if (!name.isEmpty()) {
        name.has(Formats::pathSegment);
        if (selector.isThere()) {
          name.forbidden("name and selector are mutually exclusive");
        }
      }
      if (selector.isThere()) {
        SelectorRules.check(selector);
        if (!name.isEmpty()) {
          selector.forbidden("name and selector are mutually exclusive");
        }
      }
      if (name.isEmpty() && !selector.isThere()) {
        parameters.required("one of name or selector must be specified");
      }
      At missing = parameters.at("parameterNotFoundAction");
      if (missing.isEmpty()) {
        missing.required("");
      } else {
        missing.oneOf("Deny", "Allow");
      }
    }
    if (spec.at("matchResources").isThere()) {
      matchResources(spec.at("matchResources"));
    }
  }
}
