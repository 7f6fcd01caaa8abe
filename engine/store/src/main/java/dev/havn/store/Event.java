// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import org.jspecify.annotations.Nullable;

/// One write in the log.
///
/// @param revision of this write
/// @param previous what stood at the key before, or null
/// @param current what stands there now, or null after a delete
public record Event(long revision, @Nullable Entry previous, @Nullable Entry current) {
  public String key() {
    if (current != null) {
      return current.key();
    }
    if (previous != null) {
      return previous.key();
    }
    throw new AssertionError("an event without entries at revision " + revision);
  }

  /// The size of what only the past still knows: the value before.
  long supersededBytes() {
    return previous == null ? 0L : previous.bytes();
  }
}
