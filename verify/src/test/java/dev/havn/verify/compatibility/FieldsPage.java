// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.compatibility;

import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The page of fields and their states, as Markdown: a table of all kinds, then the fields of each
/// that are not simply honoured, those of one state that lie in one place in one line.
final class FieldsPage {
  private static final String HEAD =
      """
      # Kinds, fields and their states

      Made by `CompatibilityTest` from the schemas, from what the parts of the engine beside the API server read, and from `states.yaml` beside it:
      do not edit. A field is *honoured* when some part of Havn acts on it as Kubernetes does; *kept* when it is checked, defaulted, stored
      and shown as with Kubernetes, but nobody acts on it; *refused* when whoever would have to act on it says that it cannot. Only what
      belongs to features that Kubernetes 1.36 has switched off is dropped, as it is there. Numbers count paths, so a type that appears twice in a kind counts twice. Metadata
      and status are not counted; templates of pods count as one field and are honoured like pods.

      | Kind | Honoured | Kept | Refused |
      |---|--:|--:|--:|
      """;

  private final StringBuilder page = new StringBuilder(HEAD);
  private final StringBuilder details = new StringBuilder();

  /// Adds one kind.
  void add(ResourceType type, KindFields fields) {
    page.append("| %s %s".formatted(type.apiVersion(), type.kind()));
    for (FieldState state : FieldState.values()) {
      int count = fields.count(state);
      page.append(" | ").append(count == 0 ? "" : count);
    }
    page.append(" |\n");
    Map<String, List<String>> lines = lines(fields.exceptions());
    if (!lines.isEmpty()) {
      details.append("\n### %s %s\n".formatted(type.apiVersion(), type.kind()));
      lines.forEach((line, names) -> details.append(line.formatted(String.join(", ", names))));
    }
  }

  String markdown() {
    return page
        + "\n## What is kept or refused\nA number in brackets says how many fields go with one.\n"
        + details;
  }

  /// A line for each place, state and reason, with the names that belong into it.
  private static Map<String, List<String>> lines(List<KindFields.Entry> entries) {
    Set<String> paths = entries.stream().map(KindFields.Entry::path).collect(Collectors.toSet());
    Map<String, List<String>> lines = new LinkedHashMap<>();
    for (KindFields.Entry each : entries) {
      String path = each.path();
      String general = ofAllContainers(path);
      if (!general.equals(path) && paths.contains(general)) {
        continue;
      }
      int dot = path.lastIndexOf('.');
      String place = dot < 0 ? "" : "`" + path.substring(0, dot) + "`: ";
      String state = each.state().name().toLowerCase(Locale.ROOT);
      String why = each.why().isEmpty() ? "" : " (" + each.why() + ")";
      String count = each.fields() == 1 ? "" : " [" + each.fields() + "]";
      lines
          .computeIfAbsent("- " + state + ": " + place + "%s" + why + "\n", _ -> new ArrayList<>())
          .add("`" + path.substring(dot + 1) + "`" + count);
    }
    return lines;
  }

  /// What holds for containers holds for the others, too, and is said once.
  private static String ofAllContainers(String path) {
    return path.replaceFirst("^spec\\.(init|ephemeral)Containers\\[]", "spec.containers[]");
  }
}
