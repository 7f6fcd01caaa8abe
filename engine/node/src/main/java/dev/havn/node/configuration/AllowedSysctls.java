// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Kernel parameters that pods may set although they may harm others: a kubelet's
/// `allowedUnsafeSysctls`.
///
/// @param patterns names with dots, such as `net.core.somaxconn`; one that ends in `*` means all
///   that begin so
public record AllowedSysctls(List<String> patterns) {
  /// How Kubernetes calls the namespaces that parameters belong to.
  public static final String NETWORK = "net";

  private static final String IPC = "ipc";
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
      String dotted = dotted(name);
      if (namespace(dotted.replace("*", "")).isEmpty()) {
        throw new IllegalArgumentException(
            "%s: sysctl \"%s\" is the whole machine's, only those of net, of kernel.sem, kernel.shm*, kernel.msg* and of fs.mqueue are a pod's own"
                .formatted(FIELD, name));
      }
      patterns.add(dotted);
    }
    return new AllowedSysctls(List.copyOf(patterns));
  }

  /// @param name with dots
  public boolean allows(String name) {
    return patterns.stream()
        .anyMatch(
            each ->
                each.endsWith("*")
                    ? name.startsWith(each.substring(0, each.length() - 1))
                    : name.equals(each));
  }

  /// The namespace that a parameter belongs to; empty when it is the whole machine's.
  public static String namespace(String name) {
    if (name.startsWith("net.")) {
      return NETWORK;
    }
    boolean isOfIpc =
        name.equals("kernel.sem")
            || name.startsWith("kernel.shm")
            || name.startsWith("kernel.msg")
            || name.startsWith("fs.mqueue.");
    return isOfIpc ? IPC : "";
  }

  /// A name with dots for one whose parts are divided by slashes; there a dot stands for itself, as
  /// in `net/ipv4/conf/eth0.1/forwarding`, where it becomes a slash.
  public static String dotted(String name) {
    int slash = name.indexOf('/');
    int dot = name.indexOf('.');
    if (slash < 0 || (dot >= 0 && dot < slash)) {
      return name;
    }
    StringBuilder text = new StringBuilder();
    name.chars().forEach(each -> text.append(each == '/' ? '.' : each == '.' ? '/' : (char) each));
    return text.toString();
  }
}
