// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where writes become durable. Used by one thread at a time.
interface Journal extends AutoCloseable {

  /// One write.
  ///
  /// @param entry the value, or null for a delete
  /// @param expiresMillis when the entry ends by itself, in milliseconds since the epoch, 0 for
  ///   never
  /// @param kept the form in which the value is kept, or null when it is still to be sealed
  record Write(
      long revision,
      String key,
      @Nullable Entry entry,
      long expiresMillis,
      byte @Nullable [] kept) {

    /// The same, its value being the form in which it is kept.
    Write kept(Sealing sealing) {
      if (entry == null) {
        return this;
      }
      Entry sealed = new Entry(key, entry.seal(sealing), entry.createRevision(), revision);
      return new Write(revision, key, sealed, expiresMillis, null);
    }
  }

  /// Makes a batch durable, all of it or nothing.
  ///
  /// @throws StoreException when it is not durable; the batch must then not become visible
  void append(List<Write> batch);

  /// Whether so much is kept that it should be shortened soon.
  boolean isLong();

  /// Offers the chance to shorten what is kept; `state` yields the current entries.
  void tidy(State state);

  /// What a snapshot needs.
  interface State {
    long revision();

    /// All current entries as writes, in order of their keys.
    List<Write> entries();
  }

  /// How long the disk took to make writes durable.
  Durations syncs();

  @Override
  void close();

  /// Keeps nothing.
  record Forgetful() implements Journal {
    @Override
    public void append(List<Write> batch) {}

    @Override
    public boolean isLong() {
      return false;
    }

    @Override
    public void tidy(State state) {}

    @Override
    public Durations syncs() {
      return new Durations(List.of());
    }

    @Override
    public void close() {}
  }
}
