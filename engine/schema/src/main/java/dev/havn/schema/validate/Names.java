// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.select.LabelSyntax;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// What an object's metadata must look like.
public final class Names {
  private static final int LABEL_CHARS_MAX = 63;
  private static final int ANNOTATIONS_BYTES_MAX = 256 << 10;
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern LABEL_1035 = Pattern.compile("[a-z]([-a-z0-9]*[a-z0-9])?");

  private static final String LABEL_RULE =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
          + " start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used"
          + " for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  private static final String LABEL_1035_RULE =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an"
          + " alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or"
          + " 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

  private static final Set<String> LABEL_KINDS = Set.of("Namespace");
  private static final Set<String> PATH_SEGMENT_KINDS =
      Set.of("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "PersistentVolume");

  private Names() {}

  /// Problems of a name for an object of `kind`.
  public static List<String> problems(String kind, String name) {
    if (LABEL_KINDS.contains(kind)) {
      return label(name);
    }
    if (PATH_SEGMENT_KINDS.contains(kind) && !kind.equals("PersistentVolume")) {
      return pathSegment(name);
    }
    return kind.equals("Service") ? label1123Or1035(name) : LabelSyntax.subdomainProblems(name);
  }

  private static List<String> label1123Or1035(String name) {
    return label1035(name);
  }

  private static List<String> label(String name) {
    List<String> problems = new ArrayList<>();
    if (name.length() > LABEL_CHARS_MAX) {
      problems.add("must be no more than " + LABEL_CHARS_MAX + " characters");
    }
    if (!LABEL.matcher(name).matches()) {
      problems.add(LABEL_RULE);
    }
    return problems;
  }

  private static List<String> label1035(String name) {
    List<String> problems = new ArrayList<>();
    if (name.length() > LABEL_CHARS_MAX) {
      problems.add("must be no more than " + LABEL_CHARS_MAX + " characters");
    }
    if (!LABEL_1035.matcher(name).matches()) {
      problems.add(LABEL_1035_RULE);
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

  /// Errors of `metadata`.
  public static List<FieldError> metadataErrors(String kind, JsonNode metadata) {
    List<FieldError> errors = new ArrayList<>();
    String name = metadata.path("name").asText("");
    if (name.isEmpty()) {
      errors.add(FieldError.required("metadata.name", "name or generateName is required"));
    } else {
      problems(kind, name)
          .forEach(problem -> errors.add(FieldError.invalid("metadata.name", name, problem)));
    }
    for (Map.Entry<String, JsonNode> label : metadata.path("labels").properties()) {
      LabelSyntax.keyProblems(label.getKey())
          .forEach(p -> errors.add(FieldError.invalid("metadata.labels", label.getKey(), p)));
      LabelSyntax.valueProblems(label.getValue().asText())
          .forEach(
              p -> errors.add(FieldError.invalid("metadata.labels", label.getValue().asText(), p)));
    }
    long bytes = 0;
    for (Map.Entry<String, JsonNode> annotation : metadata.path("annotations").properties()) {
      String key = annotation.getKey();
      LabelSyntax.keyProblems(key.toLowerCase(java.util.Locale.ROOT))
          .forEach(p -> errors.add(FieldError.invalid("metadata.annotations", key, p)));
      bytes += key.getBytes(StandardCharsets.UTF_8).length;
      bytes += annotation.getValue().asText().getBytes(StandardCharsets.UTF_8).length;
    }
    if (bytes > ANNOTATIONS_BYTES_MAX) {
      errors.add(FieldError.tooLong("metadata.annotations", ANNOTATIONS_BYTES_MAX));
    }
    return errors;
  }
}
