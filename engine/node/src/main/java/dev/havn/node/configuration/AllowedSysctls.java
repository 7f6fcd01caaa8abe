// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Kernel parameters that pods may set although they may harm others: a kubelet's
/// `allowedUnsafeSysctls`.
///
/// @param patterns names with dots, such as `net.core.somaxconn`; one that ends in `*` means all
///   that begin so
public record AllowedSysctls(List<String> patterns) {
  private static final String FIELD = "allowedUnsafeSysctls";
  private static final int NAME_CHARS_MAX = 253;
  private static final String NAME =
      "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]$";
  private static final Pattern NAME_PATTERN = Pattern.compile(NAME);

  /// @throws IllegalArgumentException says what is wrong
  static AllowedSysctls of(JsonNode json) {
    JsonNode all = json.path(FIELD);
    if (!all.isMissingNode() && !all.isNull() && !all.isArray()) {
      throw new IllegalArgumentException(FIELD + " must be a list of names");
    }
    List<String> patterns = new ArrayList<>();
    for (JsonNode each : all) {
      String name = each.asText();
      if (name.length() > NAME_CHARS_MAX || !NAME_PATTERN.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "%s: sysctl \"%s\" must have at most %d characters and match regex %s"
                .formatted(FIELD, name, NAME_CHARS_MAX, NAME));
      }
      String dotted = SysctlNames.dotted(name);
      if (SysctlNames.namespace(dotted.replace("*", "")).isEmpty()) {
        throw new IllegalArgumentException(
            "%s: sysctl \"%s\" is the whole machine's, only those of net and fs.mqueue, kernel.sem, kernel.shmall, kernel.shmmax, kernel.shmmni, kernel.shm_rmid_forced, kernel.msgmax, kernel.msgmnb, kernel.msgmni, and by kernel.shm* and kernel.msg* all that begin so, are a pod's own"
                .formatted(FIELD, name));
      }
      patterns.add(dotted);
    }
    return new AllowedSysctls(List.copyOf(patterns));
  }

  /// The namespace of what allows a parameter; empty when nothing does. A name in full comes first.
  ///
  /// @param name with dots
  public Optional<String> namespace(String name) {
    return patterns.contains(name)
        ? Optional.of(SysctlNames.namespace(name))
        : patterns.stream()
            .filter(each -> each.endsWith("*"))
            .map(each -> each.substring(0, each.length() - 1))
            .filter(name::startsWith)
            .map(SysctlNames::namespace)
            .findFirst();
  }
}
