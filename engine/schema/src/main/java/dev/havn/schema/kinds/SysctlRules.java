// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Rules of the kernel parameters that a pod sets.
final class SysctlRules {
  private static final int NAME_CHARS_MAX = 253;
  private static final String NAME =
      "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
  private static final Pattern NAME_PATTERN = Pattern.compile(NAME);

  private SysctlRules() {}

  static void check(JsonNode spec, String path, List<FieldError> errors) {
    Set<String> names = new HashSet<>();
    int index = 0;
    for (JsonNode sysctl : spec.path("securityContext").path("sysctls")) {
      String at = path + "[" + index++ + "].name";
      String name = sysctl.path("name").asText("");
      if (name.isEmpty()) {
        errors.add(FieldError.required(at, ""));
      } else if (name.length() > NAME_CHARS_MAX || !NAME_PATTERN.matcher(name).matches()) {
        errors.add(
            FieldError.invalid(
                at, name, "must have at most 253 characters and match regex " + NAME));
      } else if (!names.add(name)) {
        errors.add(FieldError.duplicate(at, name));
      }
      String dotted = name.replace('/', '.');
      if (dotted.startsWith("net.") && spec.path("hostNetwork").asBoolean()) {
        errors.add(FieldError.invalid(at, name, "may not be specified when 'hostNetwork' is true"));
      }
      boolean ofIpc =
          dotted.startsWith("kernel.shm")
              || dotted.startsWith("kernel.msg")
              || dotted.equals("kernel.sem")
              || dotted.startsWith("fs.mqueue.");
      if (ofIpc && spec.path("hostIPC").asBoolean()) {
        errors.add(FieldError.invalid(at, name, "may not be specified when 'hostIPC' is true"));
      }
    }
  }
}
