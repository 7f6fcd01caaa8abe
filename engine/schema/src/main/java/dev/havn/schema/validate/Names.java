// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import dev.havn.schema.select.LabelSyntax;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// What an object's metadata must look like.
public final class Names {
  private static final int LABEL_CHARS_MAX = 63;
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");

  private static final String LABEL_RULE =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
          + " start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used"
          + " for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  private static final Set<String> LABEL_KINDS = Set.of("Namespace", "Service", "StatefulSet");
  private static final Set<String> PATH_SEGMENT_KINDS =
      Set.of("APIService", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding");

  /// Requests for certificates may be called anything.
  private static final String FREE = "CertificateSigningRequest";

  private Names() {}

  /// Problems of a name for an object of `kind`.
  public static List<String> problems(String kind, String name) {
    if (kind.equals("IPAddress")) {
      return name.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*")
          ? List.of()
          : List.of("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
    if (kind.equals(FREE)) {
      return List.of();
    }
    if (kind.equals("DeviceClass")) {
      return LabelSyntax.subdomainProblems(name).stream()
          .map(problem -> problem.replace("253 characters", "253 bytes"))
          .toList();
    }
    if (LABEL_KINDS.contains(kind)) {
      return label(name);
    }
    if (PATH_SEGMENT_KINDS.contains(kind)) {
      return pathSegment(name);
    }
    return LabelSyntax.subdomainProblems(name).stream()
        .map(problem -> kind.equals("ReplicationController") ? inBytes(problem) : problem)
        .toList();
  }

  /// Kinds whose names are checked by newer means count bytes.
  private static String inBytes(String problem) {
    return problem.startsWith("must be no more than")
        ? problem.replace("characters", "bytes")
        : problem;
  }

  private static List<String> label(String name) {
    List<String> problems = new ArrayList<>();
    if (name.length() > LABEL_CHARS_MAX) {
      problems.add("must be no more than " + LABEL_CHARS_MAX + " characters");
    }
    if (!LABEL.matcher(name).matches()) {
      problems.add(
          LabelSyntax.subdomainProblems(name).isEmpty() ? "must not contain dots" : LABEL_RULE);
    }
    return problems;
  }

  private static List<String> pathSegment(String name) {
    if (name.equals(".") || name.equals("..")) {
      return List.of("may not be '" + name + "'");
    }
    List<String> problems = new ArrayList<>();
    for (String part : List.of("/", "%")) {
      if (name.contains(part)) {
        problems.add("may not contain '" + part + "'");
      }
    }
    return problems;
  }
}
