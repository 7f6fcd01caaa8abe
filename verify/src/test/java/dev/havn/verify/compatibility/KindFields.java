// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.compatibility;

import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The fields of one kind and their states, from the schema that the API server validates with. A
/// field counts once for each path it has in the kind; what lies in itself again is not followed.
/// Metadata and status are not counted: the first is the same for all kinds, the second is what
/// others report. Nor is what lies in a template of pods: that is counted with pods.
final class KindFields {
  private static final Set<String> NOT_COUNTED = Set.of("apiVersion", "kind", "metadata", "status");

  private static final String TEMPLATE = "io.k8s.api.core.v1.PodTemplateSpec";

  private final Readers readers;
  private final Declared declared;
  private final List<Entry> exceptions = new ArrayList<>();
  private final int[] counts = new int[FieldState.values().length];

  /// A field that is not honoured while what it lies in is.
  ///
  /// @param fields that lie in it, itself included
  record Entry(String path, FieldState state, String why, int fields) {}

  KindFields(ResourceType type, Readers readers, Declared declared) {
    this.readers = readers;
    this.declared = declared;
    fields(type.schema(), "", new ArrayDeque<>());
  }

  List<Entry> exceptions() {
    return exceptions;
  }

  int count(FieldState state) {
    return counts[state.ordinal()];
  }

  private void fields(Schema.Struct in, String path, Deque<String> within) {
    within.push(in.name());
    for (Map.Entry<String, Schema.Field> each : in.fields().entrySet()) {
      String name = each.getKey();
      if (path.isEmpty() && NOT_COUNTED.contains(name)) {
        continue;
      }
      Schema inner = each.getValue().schema();
      String below = path.isEmpty() ? name : path + "." + name;
      Declared.Statement statement =
          declared.of(in.name(), name).orElseGet(() -> observed(in.name(), name));
      FieldState state = statement.state();
      if (state == FieldState.HONOURED) {
        counts[state.ordinal()]++;
        Schema.Struct struct = struct(inner);
        if (struct != null && isFollowed(struct, within)) {
          fields(struct, below + brackets(inner), within);
        }
      } else {
        int size = 1 + size(inner, within);
        counts[state.ordinal()] += size;
        exceptions.add(new Entry(below, state, statement.why(), size));
      }
    }
    within.pop();
  }

  private Declared.Statement observed(String type, String field) {
    boolean read = readers.read(type, field);
    return new Declared.Statement(read ? FieldState.HONOURED : FieldState.KEPT, "");
  }

  private static int size(Schema schema, Deque<String> within) {
    Schema.Struct struct = struct(schema);
    if (struct == null || !isFollowed(struct, within)) {
      return 0;
    }
    within.push(struct.name());
    int size = 0;
    for (Schema.Field each : struct.fields().values()) {
      size += 1 + size(each.schema(), within);
    }
    within.pop();
    return size;
  }

  private static boolean isFollowed(Schema.Struct struct, Deque<String> within) {
    return !struct.name().equals(TEMPLATE) && !within.contains(struct.name());
  }

  private static String brackets(Schema schema) {
    return switch (schema) {
      case Schema.ListOf list -> "[]" + brackets(list.items());
      case Schema.MapOf map -> "{}" + brackets(map.values());
      case Schema.Struct _, Schema.Scalar _, Schema.Any _ -> "";
    };
  }

  private static Schema.@org.jspecify.annotations.Nullable Struct struct(Schema schema) {
    return switch (schema) {
      case Schema.Struct struct -> struct;
      case Schema.ListOf list -> struct(list.items());
      case Schema.MapOf map -> struct(map.values());
      case Schema.Scalar _, Schema.Any _ -> null;
    };
  }
}
