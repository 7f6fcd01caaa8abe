// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import java.util.Optional;

/// The types that an expression may name.
///
/// @param patches whether it makes objects: `Object{...}` may have any field
/// @param words those of the expression: a field of such an object is one of them, and dev.cel asks
///   for the names of all that there may be
record Types(ImmutableMap<String, StructType> known, boolean patches, ImmutableSet<String> words)
    implements CelTypeProvider {
  private static final String OBJECT = "Object";

  @Override
  public ImmutableCollection<CelType> types() {
    return ImmutableList.copyOf(known.values());
  }

  @Override
  public Optional<CelType> findType(String name) {
    if (known.containsKey(name)) {
      return Optional.ofNullable(known.get(name));
    }
    boolean object = patches && (name.equals(OBJECT) || name.startsWith(OBJECT + "."));
    return object ? Optional.of(open(name)) : Optional.empty();
  }

  static StructType struct(String name, ImmutableMap<String, CelType> fields) {
    return StructType.create(
        name, fields.keySet(), field -> Optional.ofNullable(fields.get(field)));
  }

  private StructType open(String name) {
    return StructType.create(name, words, _ -> Optional.of(SimpleType.DYN));
  }
}
