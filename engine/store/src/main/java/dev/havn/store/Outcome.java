// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import org.jspecify.annotations.Nullable;

/// What became of a compare-and-put or compare-and-delete.
public sealed interface Outcome {

  /// Done and durable.
  ///
  /// @param entry the new entry, or for a delete the entry that was removed
  /// @param revision the revision of this write
  record Done(Entry entry, long revision) implements Outcome {}

  /// Not done: the key's revision is another.
  ///
  /// @param current the entry that stands there, or null when the key is absent
  record Mismatch(@Nullable Entry current) implements Outcome {}
}
