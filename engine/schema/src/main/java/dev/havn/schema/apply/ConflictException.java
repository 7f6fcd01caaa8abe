// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// An apply would change fields that others own.
public final class ConflictException extends RuntimeException {
  private final List<Conflict> conflicts;

  /// @param with the other manager, as Kubernetes describes it
  /// @param paths the contested fields
  public record Conflict(String with, List<String> paths) {}

  ConflictException(List<Conflict> conflicts) {
    super(message(conflicts));
    this.conflicts = List.copyOf(conflicts);
  }

  public List<Conflict> conflicts() {
    return conflicts;
  }

  /// What is left when some paths are not contested.
  List<Conflict> without(Set<String> allowed) {
    List<Conflict> left = new ArrayList<>();
    for (Conflict conflict : conflicts) {
      List<String> paths =
          conflict.paths().stream().filter(path -> !allowed.contains(path)).toList();
      if (!paths.isEmpty()) {
        left.add(new Conflict(conflict.with(), paths));
      }
    }
    return left;
  }

  private static String message(List<Conflict> conflicts) {
    int count = conflicts.stream().mapToInt(conflict -> conflict.paths().size()).sum();
    if (count == 1) {
      Conflict only = conflicts.getFirst();
      return "Apply failed with 1 conflict: conflict with %s: %s"
          .formatted(only.with(), only.paths().getFirst());
    }
    return "Apply failed with %d conflicts: ".formatted(count)
        + conflicts.stream()
            .map(
                conflict ->
                    "conflicts with %s:\n- %s"
                        .formatted(conflict.with(), String.join("\n- ", conflict.paths())))
            .collect(Collectors.joining("\n"));
  }
}
