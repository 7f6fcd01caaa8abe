// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Rules of policies at admission, whose conditions and changes are expressions.
final class AdmissionPolicyRules {
  private static final Set<String> RESERVED =
      Set.of(
          "true",
          "false",
          "null",
          "in",
          "as",
          "break",
          "const",
          "continue",
          "else",
          "for",
          "function",
          "if",
          "import",
          "let",
          "loop",
          "package",
          "namespace",
          "return",
          "var",
          "void",
          "while");

  private AdmissionPolicyRules() {}

  static void validating(At object) {
    At spec = object.at("spec");
    Scope scope = common(spec, false);
    At validations = spec.at("validations");
    At annotations = spec.at("auditAnnotations");
    if (validations.isEmpty() && annotations.isEmpty()) {
      validations.required("validations or auditAnnotations must contain at least one item");
      annotations.required("validations or auditAnnotations must contain at least one item");
      return;
    }
    for (At validation : validations.items()) {
      validation(validation, scope, spec.at("paramKind").isThere());
    }
    Set<String> keys = new HashSet<>();
    for (At annotation : annotations.items()) {
      annotation(annotation, object.at("metadata").at("name").text(), scope, keys);
    }
  }

  static void mutating(At object) {
    At spec = object.at("spec");
    Scope scope = common(spec, true);
    spec.at("mutations").needs("mutations must contain at least one item");
    spec.at("mutations").items().forEach(each -> mutation(each, scope));
    spec.at("reinvocationPolicy").needsOneOf("IfNeeded", "Never");
  }

  /// What policies of both kinds have.
  ///
  /// @return what the expressions of this policy may speak of
  private static Scope common(At spec, boolean patches) {
    spec.at("failurePolicy").mayBeOneOf("Fail", "Ignore");
    At parameters = spec.at("paramKind");
    parameters.ifThere(AdmissionPolicyRules::parameterKind);
    AdmissionRules.matchConstraints(spec.at("matchConstraints"));
    if (patches) {
      AdmissionRules.mutable(spec.at("matchConstraints"));
    }
    AdmissionRules.conditions(spec.at("matchConditions"), parameters.isThere());
    Scope scope = Scope.admission(parameters.isThere(), true, patches);
    spec.at("variables").items().forEach(each -> variable(each, scope));
    return scope;
  }

  private static void parameterKind(At kind) {
    groupVersion(kind.at("apiVersion"));
    At name = kind.at("kind");
    List<String> problems = Formats.label1035(name.text().toLowerCase(Locale.ROOT));
    if (name.needs() && !problems.isEmpty()) {
      name.invalidText(
          "may have mixed case, but should otherwise match: " + String.join(",", problems));
    }
  }

  /// In the audit log a key stands behind the name of its policy. What checking a policy's
  /// expressions against types has found, as its status tells.
  static void checked(At object) {
    for (At warning : object.at("status").at("typeChecking").at("expressionWarnings").items()) {
      warning.at("warning").needs();
      warning.at("fieldRef").needs();
    }
  }

  private static void auditKey(At key, String policy) {
    if (policy.isEmpty()) {
      key.invalidText("requires metadata.name be non-empty");
      return;
    }
    String whole = policy + "/" + key.text();
    for (String problem : Formats.qualifiedName(whole)) {
      String said = problem.replace("253 characters", "253 bytes");
      key.errors().add(FieldError.invalid(key.path(), whole, said));
    }
  }

  private static void groupVersion(At given) {
    if (!given.needs()) {
      return;
    }
    String[] parts = given.text().split("/", -1);
    if (parts.length > 2) {
      given.invalidText("unexpected GroupVersion string: " + given.text());
      return;
    }
    String version = parts[parts.length - 1];
    if (parts.length == 2 && !parts[0].isEmpty()) {
      part(given, parts[0], Formats.subdomain(parts[0]));
    }
    if (version.isEmpty()) {
      given.invalidText("version must be specified");
    } else {
      part(given, version, Formats.label1035(version));
    }
  }

  private static void part(At whole, String part, List<String> problems) {
    if (!problems.isEmpty()) {
      whole.errors().add(FieldError.invalid(whole.path(), part, String.join(",", problems)));
    }
  }

  private static void variable(At variable, Scope scope) {
    At name = variable.at("name");
    At expression = variable.at("expression");
    if (name.text().isBlank()) {
      name.required("name is not specified");
    } else if (!name.text().matches("[_a-zA-Z][_a-zA-Z0-9]*") || RESERVED.contains(name.text())) {
      name.invalidText("must be a valid CEL identifier");
    }
    if (expression.text().isBlank()) {
      expression.required("expression is not specified");
    } else {
      scope.define(name.text(), expression.text()).ifPresent(expression::invalidText);
    }
  }

  private static void validation(At validation, Scope scope, boolean parameters) {
    At expression = validation.at("expression");
    if (expression.text().isBlank()) {
      expression.required("expression is not specified");
    } else {
      Expressions.check(expression, scope, Scope.Result.BOOL);
    }
    At words = validation.at("messageExpression");
    if (!words.isEmpty() && words.text().isBlank()) {
      words.invalidText("must be non-empty if specified");
    } else if (!words.isEmpty()) {
      Expressions.check(words, scope.withoutAuthorizer(parameters), Scope.Result.STRING);
    }
    At message = validation.at("message");
    if (!message.isEmpty() && message.text().isBlank()) {
      message.invalidText("must be non-empty if specified");
    } else if (message.text().strip().contains("\n")) {
      message.invalidText("must not contain line breaks");
    }
    validation.at("reason").mayBeOneOf("Forbidden", "Invalid", "RequestEntityTooLarge");
  }

  private static void annotation(At annotation, String policy, Scope scope, Set<String> keys) {
    At key = annotation.at("key");
    auditKey(key, policy);
    At value = annotation.at("valueExpression");
    if (value.text().isBlank()) {
      value.required("valueExpression is not specified");
    } else {
      scope
          .problem(value.text().strip(), Scope.Result.STRING_OR_NULL)
          .ifPresent(value::invalidText);
    }
    if (!keys.add(key.text())) {
      key.duplicate();
    }
  }

  private static void mutation(At mutation, Scope scope) {
    At type = mutation.at("patchType");
    At apply = mutation.at("applyConfiguration");
    At patch = mutation.at("jsonPatch");
    switch (type.text()) {
      case "ApplyConfiguration" -> {
        change(apply, "ApplyConfiguration", scope, Scope.Result.OBJECT);
        other(patch, "jsonPatch", "ApplyConfiguration");
      }
      case "JSONPatch" -> {
        change(patch, "JSONPatch", scope, Scope.Result.PATCHES);
        other(apply, "applyConfiguration", "JSONPatch");
      }
      default -> type.needsOneOf("ApplyConfiguration", "JSONPatch");
    }
  }

  private static void change(At change, String type, Scope scope, Scope.Result result) {
    if (!change.isThere()) {
      change.required("must be specified when patchType is " + type);
      return;
    }
    At expression = change.at("expression");
    if (expression.text().isBlank()) {
      expression.required("");
    } else {
      Expressions.check(expression, expression.text().strip(), scope, result);
    }
  }

  private static void other(At other, String name, String type) {
    if (other.isThere()) {
      other
          .errors()
          .add(
              FieldError.invalid(
                  other.path(),
                  "{" + name + "}",
                  "must not be specified when patchType is " + type));
    }
  }
}
