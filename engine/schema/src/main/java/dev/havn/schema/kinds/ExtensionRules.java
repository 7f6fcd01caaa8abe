// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Rules of what extends or steers the API itself: custom resources, aggregated servers, flow
/// control.
final class ExtensionRules {
  private static final String CASE = "may have mixed case, but should otherwise match: ";
  private static final String STORAGE = "must have exactly one version marked as storage version";

  private ExtensionRules() {}

  static void customResource(At object) {
    At spec = object.at("spec");
    At group = spec.at("group");
    if (!group.isEmpty()) {
      group.has(Formats::subdomain);
      if (Formats.subdomain(group.text()).isEmpty() && group.text().split("\\.").length < 2) {
        group.invalidText("should be a domain with at least one dot");
      }
    } else {
      group.required("");
    }
    At scope = spec.at("scope");
    scope.needsOneOf("Cluster", "Namespaced");
    versions(spec);
    names(spec.at("names"));
    At strategy = spec.at("conversion").at("strategy");
    strategy.needsOneOf("None", "Webhook");
  }

  /// What is wrong with the name of a definition.
  static List<String> definitionName(At object, String name) {
    At spec = object.at("spec");
    List<String> problems = new ArrayList<>(Names.problems("CustomResourceDefinition", name));
    if (!name.equals(spec.at("names").at("plural").text() + "." + spec.at("group").text())) {
      problems.add("must be spec.names.plural+\".\"+spec.group");
    }
    return problems;
  }

  /// What is wrong with the name of an aggregated version of a group.
  static List<String> serviceName(At object, String name) {
    At spec = object.at("spec");
    String wanted = spec.at("version").text() + "." + spec.at("group").text();
    return name.equals(wanted)
        ? Names.problems("APIService", name)
        : List.of("must be `spec.version+\".\"+spec.group`: \"%s\"".formatted(wanted));
  }

  private static void versions(At spec) {
    At versions = spec.at("versions");
    int storage = 0;
    for (At version : versions.items()) {
      storage += version.at("storage").flag() ? 1 : 0;
    }
    if (storage != 1) {
      versions.invalid(STORAGE);
    }
    for (At version : versions.items()) {
      At warning = version.at("deprecationWarning");
      if (warning.isThere() && !version.at("deprecated").flag()) {
        warning.invalidText("can only be set for deprecated versions");
      }
      if (!version.at("schema").at("openAPIV3Schema").isThere()) {
        version.at("schema").at("openAPIV3Schema").required("schemas are required");
      }
    }
  }

  private static void names(At names) {
    for (String field : List.of("plural", "singular")) {
      At name = names.at(field);
      if (name.needs()) {
        name.has(Formats::label1035);
      }
    }
    for (String field : List.of("kind", "listKind")) {
      At name = names.at(field);
      if (name.needs()) {
        for (String problem : Formats.label1035(name.text().toLowerCase(Locale.ROOT))) {
          name.invalidText(CASE + problem);
        }
      }
    }
    names.at("shortNames").items().forEach(name -> name.has(Formats::label1035));
    names.at("categories").items().forEach(name -> name.has(Formats::label1035));
    At kind = names.at("kind");
    if (!kind.isEmpty() && kind.is(names.at("listKind").text())) {
      names.at("listKind").invalidText("kind and listKind may not be the same");
    }
  }

  static void apiService(At object) {
    At spec = object.at("spec");
    At group = spec.at("group");
    At version = spec.at("version");
    if (!group.isEmpty()) {
      group.has(Formats::subdomain);
    } else if (!version.is("v1")) {
      group.required("only v1 may have an empty group and it better be legacy kube");
    }
    version.has(Formats::label1035);
    if (spec.at("groupPriorityMinimum").number() <= 0
        || spec.at("groupPriorityMinimum").number() > 20_000) {
      spec.at("groupPriorityMinimum").invalid("must be positive and less than 20000");
    }
    if (spec.at("versionPriority").number() <= 0 || spec.at("versionPriority").number() > 1_000) {
      spec.at("versionPriority").invalid("must be positive and less than 1000");
    }
    At bundle = spec.at("caBundle");
    boolean insecure = spec.at("insecureSkipTLSVerify").flag();
    At service = spec.at("service");
    if (!service.isThere()) {
      if (!bundle.isEmpty()) {
        new At(TextNode.valueOf(bytes(bundle) + " bytes"), bundle.path(), bundle.errors())
            .invalidText("local APIServices may not have a caBundle");
      }
      if (insecure) {
        spec.at("insecureSkipTLSVerify")
            .invalid("local APIServices may not have insecureSkipTLSVerify");
      }
      return;
    }
    service.at("namespace").needs();
    service.at("name").needs();
    At port = service.at("port");
    if (port.number() < 1 || port.number() > 65_535) {
      port.invalid("port is not valid: must be between 1 and 65535, inclusive");
    }
    if (insecure && !bundle.isEmpty()) {
      spec.at("insecureSkipTLSVerify").invalid("may not be true if caBundle is present");
    }
  }

  private static int bytes(At bundle) {
    return bundle.text().replace("=", "").length() * 3 / 4;
  }

  static void flowSchema(At object) {
    At spec = object.at("spec");
    At precedence = spec.at("matchingPrecedence");
    if (precedence.number() <= 0) {
      precedence.invalid("must be a positive value");
    }
    if (precedence.number() > 10_000) {
      precedence.invalid("must not be greater than 10000");
    }
    if (precedence.number() == 1 && !object.at("metadata").at("name").is("exempt")) {
      precedence.invalid("only the schema named 'exempt' may have matchingPrecedence 1");
    }
    At method = spec.at("distinguisherMethod");
    if (method.isThere() && !List.of("ByNamespace", "ByUser").contains(method.at("type").text())) {
      method
          .errors()
          .add(
              new FieldError(
                  FieldError.Type.NOT_SUPPORTED,
                  method.path() + ".type",
                  "{\"Type\":\"%s\"}".formatted(method.at("type").text()),
                  "supported values: \"ByNamespace\", \"ByUser\""));
    }
    At level = spec.at("priorityLevelConfiguration").at("name");
    if (level.isEmpty()) {
      level.required("must reference a priority level");
    } else {
      level.has(Formats::subdomain);
    }
    spec.at("rules").items().forEach(ExtensionRules::flowRule);
  }

  private static void flowRule(At rule) {
    At subjects = rule.at("subjects");
    if (subjects.isEmpty()) {
      subjects.required("subjects must contain at least one value");
    }
    for (At subject : subjects.items()) {
      At kind = subject.at("kind");
      switch (kind.text()) {
        case "User" -> subject.at("user").at("name").needs();
        case "Group" -> subject.at("group").at("name").needs();
        case "ServiceAccount" -> {
          subject.at("serviceAccount").at("name").needs();
          subject
              .at("serviceAccount")
              .at("namespace")
              .needs("must specify namespace for service account");
        }
        default -> kind.notSupported("Group", "ServiceAccount", "User");
      }
    }
    if (rule.at("resourceRules").isEmpty() && rule.at("nonResourceRules").isEmpty()) {
      rule.required("at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (At each : rule.at("resourceRules").items()) {
      each.at("verbs").needs("verbs must contain at least one value");
      each.at("apiGroups").needs("resource rules must supply at least one api group");
      each.at("resources").needs("resource rules must supply at least one resource");
      if (each.at("namespaces").isEmpty() && !each.at("clusterScope").flag()) {
        each.at("namespaces")
            .required(
                "resource rules that are not cluster scoped must supply at least one namespace");
      }
    }
    for (At each : rule.at("nonResourceRules").items()) {
      each.at("verbs").needs("verbs must contain at least one value");
      each.at("nonResourceURLs").needs("nonResourceURLs must contain at least one value");
    }
  }

  static void priorityLevel(At object) {
    At spec = object.at("spec");
    At type = spec.at("type");
    At limited = spec.at("limited");
    At exempt = spec.at("exempt");
    switch (type.text()) {
      case "Exempt" -> {
        if (limited.isThere()) {
          limited.forbidden("must be nil if the type is not Limited");
        }
        if (!exempt.isThere()) {
          exempt.required("must not be empty when type is Exempt");
        }
      }
      case "Limited" -> {
        if (exempt.isThere()) {
          exempt.forbidden("must be nil if the type is Limited");
        }
        if (!limited.isThere()) {
          limited.required("must not be empty when type is Limited");
        } else {
          limited(limited);
        }
      }
      default -> type.needsOneOf("Exempt", "Limited");
    }
  }

  private static void limited(At limited) {
    if (limited.at("nominalConcurrencyShares").number() < 0) {
      limited.at("nominalConcurrencyShares").invalid("must be a non-negative integer");
    }
    At response = limited.at("limitResponse");
    At queuing = response.at("queuing");
    switch (response.at("type").text()) {
      case "Reject" -> {
        if (queuing.isThere()) {
          queuing.forbidden("must be nil if limited.limitResponse.type is not Limited");
        }
      }
      case "Queue" -> {
        if (!queuing.isThere()) {
          queuing.required("must not be empty if limited.limitResponse.type is Limited");
        }
      }
      default -> response.at("type").needsOneOf("Queue", "Reject");
    }
    At lendable = limited.at("lendablePercent");
    lendable.ifThere(percent -> percent.between(0, 100));
    At borrowing = limited.at("borrowingLimitPercent");
    borrowing.ifThere(At::nonNegative);
  }
}
