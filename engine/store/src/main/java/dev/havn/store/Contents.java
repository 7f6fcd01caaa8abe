// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.List;
import java.util.Objects;

/// All that a store holds at one revision; another store may begin with it.
public final class Contents {
  private final List<Journal.Write> writes;
  private final long revision;

  /// @param writes one for each key
  Contents(List<Journal.Write> writes, long revision) {
    this.writes = List.copyOf(writes);
    this.revision = revision;
  }

  List<Journal.Write> writes() {
    return writes;
  }

  /// How many entries there are.
  public int size() {
    return writes.size();
  }

  public long revision() {
    return revision;
  }

  /// Another value for an entry.
  @FunctionalInterface
  public interface Change {
    /// @param value not to be changed in place; given back, the entry stays shared with what was
    ///   derived from it
    byte[] of(String key, byte[] value);
  }

  /// The same with other values.
  public Contents map(Change change) {
    return new Contents(writes.stream().map(write -> changed(write, change)).toList(), revision);
  }

  private static Journal.Write changed(Journal.Write write, Change change) {
    Entry entry = Objects.requireNonNull(write.entry(), "contents hold no deletes");
    byte[] value = change.of(entry.key(), entry.value());
    if (value == entry.value()) {
      return write;
    }
    Entry fresh = new Entry(entry.key(), value, entry.createRevision(), entry.revision());
    return new Journal.Write(write.revision(), write.key(), fresh, write.expiresMillis(), null);
  }
}
