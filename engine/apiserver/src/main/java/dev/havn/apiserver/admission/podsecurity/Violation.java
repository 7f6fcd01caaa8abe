// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import static java.util.stream.Collectors.joining;

import java.util.Collection;
import java.util.List;

/// What of a pod a check forbids, in the words of Kubernetes.
///
/// @param reason short, without names of the pod's own: `hostPort`
/// @param detail with them; may be empty
record Violation(String reason, String detail) {
  static String reasons(List<Violation> all) {
    return all.stream().map(Violation::reason).collect(joining(", "));
  }

  static String details(List<Violation> all) {
    return all.stream()
        .map(each -> each.detail.isEmpty() ? each.reason : each.reason + " (" + each.detail + ")")
        .collect(joining(", "));
  }

  /// `container "web"`, `containers "web", "proxy"`.
  static String named(String what, Collection<String> names) {
    return plural(what, names.size()) + " " + quoted(names);
  }

  static String plural(String word, int count) {
    return count == 1 ? word : word + "s";
  }

  static String quoted(Collection<String> names) {
    return names.stream().map(name -> "\"" + name + "\"").collect(joining(", "));
  }
}
