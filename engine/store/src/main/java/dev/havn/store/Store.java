// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A revisioned key-value store: one global counter that rises by one with each write, and a
/// totally ordered log of those writes. It offers what etcd can do and no more, so that etcd can
/// stand behind it.
///
/// Keys are strings ordered by their UTF-8 bytes. All methods are safe for many threads. Writes
/// block until they are durable, which for the file store means fsynced; a caller should be a
/// virtual thread.
public interface Store extends AutoCloseable {

  /// Writes one key if its newest revision is `expected`.
  ///
  /// @param expected the revision the key must have now: 0 for absent, [#ANY] for no matter
  /// @param ttl after which the store deletes the key by itself, or null for never
  /// @throws StoreException when the write cannot be made durable (disk full, read-only, closed)
  Outcome put(String key, byte[] value, long expected, @Nullable Duration ttl);

  /// Deletes one key if its newest revision is `expected` (or [#ANY]). Deleting an absent key with
  /// [#ANY] is [Outcome.Mismatch] with no current entry.
  Outcome delete(String key, long expected);

  /// The newest value of a key that is known here, or null: at least as new as all writes through
  /// this object and as the last [#refresh()].
  @Nullable Entry get(String key);

  /// Entries whose key starts with `prefix` and is greater than `after`, in order of their keys.
  ///
  /// @param after exclusive lower bound, a whole key, or empty
  /// @param limit the most entries returned; 0 for all
  /// @param revision the revision at which to read, 0 for the newest
  /// @throws CompactedException when that revision is no longer kept
  /// @throws FutureRevisionException when it has not been reached
  Page range(String prefix, String after, int limit, long revision);

  /// How many keys start with `prefix` now.
  long count(String prefix);

  /// The newest revision, or the first one (1) of an empty store.
  long revision();

  /// The oldest revision that can still be read or watched from.
  long compactedRevision();

  /// A cursor that yields the events after `revision` whose key starts with `prefix`.
  ///
  /// @throws CompactedException when events after that revision are no longer kept
  Cursor watch(String prefix, long revision);

  /// Forgets history before `revision`. Idempotent.
  void compact(long revision);

  /// Whether an entry is kept in the form in which it would be kept now; else writing the same
  /// value again makes it so.
  boolean isCurrent(Entry entry);

  /// All that the store holds at one revision, in the form in which it is kept: for backups.
  Contents kept();

  /// Waits until what is read here includes all writes that anybody, also another process on the
  /// same store, was acknowledged before this call. Reads between two calls cost nothing more.
  ///
  /// @throws StoreException when the store cannot be reached
  void refresh();

  /// Runs `work` while nobody else who uses this store, in whichever process, runs work of the same
  /// name; what `work` then reads includes what those before it wrote, and nothing that it writes
  /// is taken once another may have begun.
  ///
  /// @throws StoreException when the store cannot be reached
  <T> T alone(String name, Supplier<T> work);

  @Override
  void close();

  /// Matches any current revision, also none.
  long ANY = -1;
}
