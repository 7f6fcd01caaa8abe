// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Quantity;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Rules of a pod's spec, also inside templates.
final class PodRules {
  private static final int PORT_MAX = 65_535;
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final String LABEL_RULE =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
          + " start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used"
          + " for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

  private PodRules() {}

  static void checkTemplate(JsonNode template, String path, List<FieldError> errors) {
    check(template.path("spec"), path + ".spec", errors);
  }

  static void check(JsonNode spec, String path, List<FieldError> errors) {
    Set<String> volumes = volumes(spec, path, errors);
    Set<String> names = new HashSet<>();
    if (spec.path("containers").isEmpty()) {
      errors.add(FieldError.required(path + ".containers", ""));
    }
    containers(spec.path("containers"), path + ".containers", volumes, names, errors);
    containers(spec.path("initContainers"), path + ".initContainers", volumes, names, errors);
    String policy = spec.path("restartPolicy").asText("Always");
    if (!List.of("Always", "OnFailure", "Never").contains(policy)) {
      errors.add(
          FieldError.notSupported(
              path + ".restartPolicy", policy, List.of("Always", "OnFailure", "Never")));
    }
    SysctlRules.check(spec, path + ".securityContext.sysctls", errors);
    Rules.nonNegative(
        spec, "terminationGracePeriodSeconds", path + ".terminationGracePeriodSeconds", errors);
  }

  private static Set<String> volumes(JsonNode spec, String path, List<FieldError> errors) {
    Set<String> names = new HashSet<>();
    int index = 0;
    for (JsonNode volume : spec.path("volumes")) {
      String at = path + ".volumes[" + index++ + "].name";
      String name = volume.path("name").asText("");
      label(name, at, errors);
      if (!names.add(name)) {
        errors.add(FieldError.duplicate(at, name));
      }
    }
    return names;
  }

  private static void label(String name, String path, List<FieldError> errors) {
    if (name.isEmpty()) {
      errors.add(FieldError.required(path, ""));
    } else if (!LABEL.matcher(name).matches()) {
      errors.add(FieldError.invalid(path, name, LABEL_RULE));
    } else if (name.length() > 63) {
      errors.add(FieldError.invalid(path, name, "must be no more than 63 characters"));
    }
  }

  private static void containers(
      JsonNode list, String path, Set<String> volumes, Set<String> names, List<FieldError> errors) {
    int index = 0;
    for (JsonNode container : list) {
      String at = path + "[" + index++ + "]";
      String name = container.path("name").asText("");
      label(name, at + ".name", errors);
      if (!name.isEmpty() && !names.add(name)) {
        errors.add(FieldError.duplicate(at + ".name", name));
      }
      if (container.path("image").asText("").isEmpty()) {
        errors.add(FieldError.required(at + ".image", ""));
      } else if (!container
          .path("image")
          .asText()
          .strip()
          .equals(container.path("image").asText())) {
        errors.add(
            FieldError.invalid(
                at + ".image",
                container.path("image").asText(),
                "must not have leading or trailing whitespace"));
      }
      ports(container.path("ports"), at + ".ports", errors);
      mounts(container.path("volumeMounts"), at + ".volumeMounts", volumes, errors);
      environment(container.path("env"), at + ".env", errors);
      resources(container.path("resources"), at + ".resources", errors);
    }
  }

  private static void ports(JsonNode ports, String path, List<FieldError> errors) {
    Set<String> names = new HashSet<>();
    int index = 0;
    for (JsonNode port : ports) {
      String at = path + "[" + index++ + "]";
      long number = port.path("containerPort").asLong();
      if (number == 0) {
        errors.add(FieldError.required(at + ".containerPort", ""));
      } else if (number < 1 || number > PORT_MAX) {
        errors.add(
            FieldError.invalid(
                at + ".containerPort",
                port.path("containerPort"),
                "must be between 1 and 65535, inclusive"));
      }
      String name = port.path("name").asText("");
      if (!name.isEmpty() && !names.add(name)) {
        errors.add(FieldError.duplicate(at + ".name", name));
      }
    }
  }

  private static void mounts(
      JsonNode mounts, String path, Set<String> volumes, List<FieldError> errors) {
    Set<String> targets = new HashSet<>();
    int index = 0;
    for (JsonNode mount : mounts) {
      String at = path + "[" + index++ + "]";
      String name = mount.path("name").asText("");
      if (name.isEmpty()) {
        errors.add(FieldError.required(at + ".name", ""));
      } else if (!volumes.contains(name)) {
        errors.add(FieldError.notFound(at + ".name", name));
      }
      String target = mount.path("mountPath").asText("");
      if (target.isEmpty()) {
        errors.add(FieldError.required(at + ".mountPath", ""));
      } else if (!targets.add(target)) {
        errors.add(FieldError.invalid(at + ".mountPath", target, "must be unique"));
      }
    }
  }

  private static void environment(JsonNode variables, String path, List<FieldError> errors) {
    int index = 0;
    for (JsonNode variable : variables) {
      String at = path + "[" + index++ + "]";
      if (variable.path("name").asText("").isEmpty()) {
        errors.add(FieldError.required(at + ".name", ""));
      }
      if (variable.has("valueFrom") && !variable.path("value").asText("").isEmpty()) {
        errors.add(
            FieldError.invalid(
                at + ".valueFrom", "", "may not be specified when `value` is not empty"));
      }
    }
  }

  private static void resources(JsonNode resources, String path, List<FieldError> errors) {
    JsonNode limits = resources.path("limits");
    for (Map.Entry<String, JsonNode> request : resources.path("requests").properties()) {
      JsonNode limit = limits.path(request.getKey());
      Quantity wanted = Quantity.parse(request.getValue().asText());
      if (wanted.amount().signum() < 0) {
        errors.add(
            FieldError.invalid(
                path + ".requests[" + request.getKey() + "]",
                request.getValue(),
                "must be greater than or equal to 0"));
      }
      if (!limit.isMissingNode()
          && wanted.amount().compareTo(Quantity.parse(limit.asText()).amount()) > 0) {
        errors.add(
            FieldError.invalid(
                path + ".requests",
                request.getValue(),
                "must be less than or equal to "
                    + request.getKey()
                    + " limit of "
                    + limit.asText()));
      }
    }
  }
}
