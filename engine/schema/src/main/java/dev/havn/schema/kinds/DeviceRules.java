// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of the group `resource.k8s.io`.
final class DeviceRules {
  /// Metadata that claims cannot get from their template.
  private static final List<String> FORBIDDEN_IN_TEMPLATES =
      List.of(
          "name",
          "generateName",
          "namespace",
          "selfLink",
          "uid",
          "resourceVersion",
          "generation",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds",
          "ownerReferences",
          "finalizers",
          "managedFields");

  private static final int EXPRESSION_BYTES_MAX = 10 << 10;

  private DeviceRules() {}

  static void deviceClass(At object) {
    At spec = object.at("spec");
    spec.at("selectors").items().forEach(DeviceRules::selector);
    spec.at("config").items().forEach(DeviceRules::configuration);
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

  private static void configuration(At configuration) {
    At opaque = configuration.at("opaque");
    if (!opaque.isThere()) {
      opaque.required("");
      return;
    }
    driver(opaque.at("driver"));
    opaque.at("parameters").needs();
  }

  static void driver(At driver) {
    if (driver.needs()) {
      driver.maxBytes(63);
      driver.has(Formats::subdomain);
    }
  }

  static void claim(At object) {
    claimSpec(object.at("spec"));
  }

  static void claimTemplate(At object) {
    At metadata = object.at("spec").at("metadata");
    SelectorRules.labels(metadata.at("labels"));
    MetadataRules.annotations(metadata.at("annotations"));
    for (String field : FORBIDDEN_IN_TEMPLATES) {
      if (!metadata.at(field).isEmpty()) {
        metadata.at(field).forbidden("cannot be set");
      }
    }
    claimSpec(object.at("spec").at("spec"));
  }

  private static void claimSpec(At spec) {
    At devices = spec.at("devices");
    Set<String> names = new HashSet<>();
    for (At request : devices.at("requests").items()) {
      At name = request.at("name");
      name.has(Formats::label);
      if (!names.add(name.text())) {
        name.duplicate();
      }
      request(request, names);
    }
    for (At constraint : devices.at("constraints").items()) {
      references(constraint.at("requests"), names);
      At attribute = constraint.at("matchAttribute");
      if (attribute.isThere()) {
        qualified(attribute);
      } else if (!constraint.at("distinctAttribute").isThere()) {
        constraint.required("exactly one of `matchAttribute` or `distinctAttribute` is required");
      }
    }
    for (At configuration : devices.at("config").items()) {
      references(configuration.at("requests"), names);
      configuration(configuration);
    }
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
    for (At each : alternatives.items()) {
      At name = each.at("name");
      name.has(Formats::label);
      names.add(request.at("name").text() + "/" + name.text());
      wanted(each);
    }
  }

  private static void wanted(At wanted) {
    At name = wanted.at("deviceClassName");
    if (name.needs()) {
      name.has(Formats::subdomain);
    }
    wanted.at("selectors").items().forEach(DeviceRules::selector);
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
  }

  private static void references(At requests, Set<String> names) {
    for (At each : requests.items()) {
      if (!names.contains(each.text())) {
        each.has(Formats::label);
        each.invalidText(
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'");
      }
    }
  }

  private static void qualified(At name) {
    if (!name.text().contains("/")) {
      name.invalidText("a fully qualified name must be a domain and a name separated by a slash");
    }
  }
}
