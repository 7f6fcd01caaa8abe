// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;

/// What values of a type may hold somewhere inside. Who looks for one of these need not walk
/// through those that have none: most of what is written is metadata, statuses and events.
///
/// @param defaults fields with a default
/// @param amounts quantities
/// @param keyedLists lists whose items have keys
/// @param keptEmpty lists and maps of which an empty one is not the same as none
public record Depths(boolean defaults, boolean amounts, boolean keyedLists, boolean keptEmpty) {
  static Depths of(Schema.Struct type) {
    boolean defaults = false;
    boolean amounts = false;
    boolean keyedLists = false;
    boolean keptEmpty = false;
    Set<Schema.Struct> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Schema> left = new ArrayDeque<>();
    left.add(type);
    while (!left.isEmpty()) {
      switch (left.remove()) {
        case Schema.Struct struct when seen.add(struct) -> {
          defaults |= !struct.defaulted().isEmpty();
          for (Schema.Field field : struct.fields().values()) {
            boolean holds =
                field.schema() instanceof Schema.ListOf || field.schema() instanceof Schema.MapOf;
            keptEmpty |= holds && field.zero() == Schema.Zero.KEPT;
            left.add(field.schema());
          }
        }
        case Schema.MapOf map -> left.add(map.values());
        case Schema.ListOf list -> {
          keyedLists |= list.type() == Schema.ListType.MAP;
          left.add(list.items());
        }
        case Schema.Scalar scalar -> amounts |= scalar.type() == Schema.ScalarType.QUANTITY;
        case Schema.Struct _, Schema.Any _ -> {}
      }
    }
    return new Depths(defaults, amounts, keyedLists, keptEmpty);
  }
}
