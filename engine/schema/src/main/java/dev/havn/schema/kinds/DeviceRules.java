// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.Set;

/// Rules of the group `resource.k8s.io`.
final class DeviceRules {
  private static final int EXPRESSION_BYTES_MAX = 10 << 10;

  private static final int ITEMS_MAX = 32;
  private static final int ALTERNATIVES_MAX = 8;

  private DeviceRules() {}

  static void deviceClass(At object) {
    At spec = object.at("spec");
    selectors(spec.at("selectors"));
    At config = spec.at("config");
    if (config.holdsAtMost(ITEMS_MAX)) {
      config.items().forEach(DeviceRules::configuration);
    }
    At extended = spec.at("extendedResourceName");
    if (extended.isThere() && !isExtended(extended.text())) {
      extended.invalidText("must be a valid extended resource name");
    }
  }

  /// Resources that are none of Kubernetes' own.
  private static boolean isExtended(String name) {
    return name.contains("/")
        && !name.contains("kubernetes.io/")
        && !name.startsWith("requests.")
        && Formats.qualifiedName("requests." + name).isEmpty();
  }

  private static void selectors(At selectors) {
    if (selectors.holdsAtMost(ITEMS_MAX)) {
      selectors.items().forEach(DeviceRules::selector);
    }
  }

  private static void selector(At selector) {
    At cel = selector.at("cel");
    if (!cel.isThere()) {
      cel.required("");
      return;
    }
    At expression = cel.at("expression");
    if (expression.text().length() > EXPRESSION_BYTES_MAX) {
      expression.maxBytes(EXPRESSION_BYTES_MAX);
    } else {
      Expressions.check(expression, Scope.device(), Scope.Result.DEVICE);
    }
  }

  static void configuration(At configuration) {
    At opaque = configuration.at("opaque");
    if (!opaque.isThere()) {
      opaque.required("");
      return;
    }
    DeviceNames.driver(opaque.at("driver"));
    At parameters = opaque.at("parameters");
    if (parameters.isThere()) {
      raw(parameters);
    } else {
      parameters.required("");
    }
  }

  /// What a driver alone understands is an object, and may be secret.
  static void raw(At data) {
    if (data.isThere() && !data.value().isObject()) {
      data.errors()
          .add(FieldError.invalid(data.path(), "<value omitted>", "must be a valid JSON object"));
    }
  }

  static void claim(At object) {
    claimSpec(object.at("spec"));
  }

  static void claimTemplate(At object) {
    At metadata = object.at("spec").at("metadata");
    SelectorRules.labels(metadata.at("labels"));
    MetadataRules.annotations(metadata.at("annotations"));
    MetadataRules.ofTemplate(metadata, At::isThere);
    claimSpec(object.at("spec").at("spec"));
  }

  private static void claimSpec(At spec) {
    At devices = spec.at("devices");
    Set<String> names = new HashSet<>();
    At requests = devices.at("requests");
    if (requests.holdsAtMost(ITEMS_MAX)) {
      for (At request : requests.items()) {
        At name = request.at("name");
        name.has(Formats::label);
        if (!names.add(name.text())) {
          name.named(request.path()).duplicate();
        }
        request(request, names);
      }
    }
    At constraints = devices.at("constraints");
    if (constraints.holdsAtMost(ITEMS_MAX)) {
      constraints.items().forEach(each -> constraint(each, names));
    }
    At config = devices.at("config");
    if (config.holdsAtMost(ITEMS_MAX)) {
      for (At configuration : config.items()) {
        references(configuration.at("requests"), names);
        configuration(configuration);
      }
    }
  }

  private static void constraint(At constraint, Set<String> names) {
    references(constraint.at("requests"), names);
    At same = constraint.at("matchAttribute");
    At distinct = constraint.at("distinctAttribute");
    if (same.isThere()) {
      DeviceNames.fullyQualified(same);
    } else if (distinct.isThere()) {
      DeviceNames.fullyQualified(distinct);
    } else {
      constraint.required(
          "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple"
              + " fields are set");
    }
  }

  /// The names by which a claim's requests and their alternatives are referred to.
  static Set<String> names(JsonNode spec) {
    Set<String> names = new HashSet<>();
    for (JsonNode request : spec.path("devices").path("requests")) {
      String name = request.path("name").asText("");
      names.add(name);
      for (JsonNode each : request.path("firstAvailable")) {
        names.add(name + "/" + each.path("name").asText(""));
      }
    }
    return names;
  }

  private static void request(At request, Set<String> names) {
    At exactly = request.at("exactly");
    At alternatives = request.at("firstAvailable");
    if (!exactly.isThere() && alternatives.isEmpty()) {
      request.required("exactly one of `exactly` or `firstAvailable` is required");
      return;
    }
    if (exactly.isThere() && !alternatives.isEmpty()) {
      request
          .errors()
          .add(
              FieldError.invalid(
                  request.path(),
                  NullNode.getInstance(),
                  "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"));
      return;
    }
    exactly.ifThere(DeviceRules::wanted);
    if (!alternatives.holdsAtMost(ALTERNATIVES_MAX)) {
      return;
    }
    for (At each : alternatives.items()) {
      At name = each.at("name");
      name.has(Formats::label);
      names.add(request.at("name").text() + "/" + name.text());
      wanted(each);
    }
    alternatives.uniqueBy("name");
  }

  private static void wanted(At wanted) {
    At name = wanted.at("deviceClassName");
    if (name.needs()) {
      name.has(Formats::subdomain);
    }
    selectors(wanted.at("selectors"));
    At mode = wanted.at("allocationMode");
    At count = wanted.at("count");
    switch (mode.text()) {
      case "All" -> {
        if (count.number() != 0) {
          count.invalid("must not be specified when allocationMode is 'All'");
        }
      }
      case "ExactCount" -> {
        if (count.number() <= 0) {
          count.invalid("must be greater than zero");
        }
      }
      default -> mode.oneOf("All", "ExactCount");
    }
    DeviceTaintRules.tolerations(wanted.at("tolerations"));
  }

  static void references(At requests, Set<String> names) {
    requests.items().forEach(each -> reference(each, names));
    requests.unique();
  }

  static void reference(At request, Set<String> names) {
    if (names.contains(request.text())) {
      return;
    }
    for (String part : request.text().split("/", -1)) {
      for (String problem : Formats.label(part)) {
        request.errors().add(FieldError.invalid(request.path(), part, problem));
      }
    }
    request.invalidText(
        "must be the name of a request in the claim or the name of a request and a subrequest"
            + " separated by '/'");
  }
}
