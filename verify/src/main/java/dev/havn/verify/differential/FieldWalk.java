// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Every field of a kind: all places that its schema knows. A type that holds itself is entered
/// once. What stands below a pod template is walked in pods and Deployments only.
final class FieldWalk {
  private static final String TEMPLATE = "PodTemplateSpec";

  /// The server's own, which it takes from nobody.
  private static final Set<String> NOT_ENTERED = Set.of("managedFields");

  private final boolean templates;
  private final List<FieldPath> found = new ArrayList<>();

  private FieldWalk(boolean templates) {
    this.templates = templates;
  }

  /// The kinds that are served, stored or not, but those of which no object can be sent.
  static List<ResourceType> kinds(BuiltinTypes types) {
    return types.resources().stream().filter(each -> each.verbs().contains("create")).toList();
  }

  static List<FieldPath> of(ResourceType type) {
    FieldWalk walk = new FieldWalk(type.kind().equals("Deployment"));
    walk.struct(type.schema(), new FieldPath(List.of()), new HashSet<>(), false);
    walk.found.removeIf(
        path -> path.steps().size() == 1 && Set.of("apiVersion", "kind").contains(path.last()));
    return List.copyOf(walk.found);
  }

  private void struct(Schema.Struct struct, FieldPath at, Set<String> above, boolean last) {
    boolean entered = above.add(struct.name());
    if (!entered) {
      return;
    }
    boolean template = struct.name().endsWith(TEMPLATE) && !templates;
    for (Schema.Field field : struct.fields().values()) {
      FieldPath path = at.with(field.name());
      found.add(path);
      if (!last && !NOT_ENTERED.contains(field.name())) {
        below(field.schema(), path, above, template);
      }
    }
    above.remove(struct.name());
  }

  private void below(Schema schema, FieldPath at, Set<String> above, boolean last) {
    switch (schema) {
      case Schema.Struct struct -> struct(struct, at, above, last);
      case Schema.ListOf list -> below(list.items(), at.with("0"), above, last);
      case Schema.MapOf map -> below(map.values(), at.with("key"), above, last);
      case Schema.Scalar _, Schema.Any _ -> {}
    }
  }
}
