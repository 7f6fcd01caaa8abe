// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of a Service's spec.
final class ServiceRules {
  private ServiceRules() {}

  static void check(JsonNode spec, List<FieldError> errors) {
    String type = spec.path("type").asText("ClusterIP");
    boolean headless = spec.path("clusterIP").asText("").equals("None");
    if (spec.path("ports").isEmpty() && !headless && !type.equals("ExternalName")) {
      errors.add(FieldError.required("spec.ports", ""));
    }
    if (type.equals("ExternalName") && spec.path("externalName").asText("").isEmpty()) {
      errors.add(FieldError.required("spec.externalName", ""));
    }
    boolean several = spec.path("ports").size() > 1;
    Set<String> names = new HashSet<>();
    Set<String> ports = new HashSet<>();
    int index = 0;
    for (JsonNode port : spec.path("ports")) {
      String at = "spec.ports[" + index++ + "]";
      String name = port.path("name").asText("");
      if (several && name.isEmpty()) {
        errors.add(FieldError.required(at + ".name", ""));
      }
      if (!name.isEmpty() && !names.add(name)) {
        errors.add(FieldError.duplicate(at + ".name", name));
      }
      long number = port.path("port").asLong();
      if (number < 1 || number > 65_535) {
        errors.add(
            FieldError.invalid(
                at + ".port", port.path("port"), "must be between 1 and 65535, inclusive"));
      }
      if (!ports.add(port.path("protocol").asText() + number)) {
        errors.add(new FieldError(FieldError.Type.DUPLICATE, at, port.toString(), ""));
      }
    }
  }
}
