// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Something that is made of all objects below a prefix. Whoever asks after a change was
/// acknowledged sees it: the log says that something changed, the next one to ask has it made anew.
/// For many threads, on every request.
public final class Derived<T> {
  private final Store store;
  private final String prefix;
  private final Supplier<T> making;
  private volatile @Nullable Made<T> made;

  /// As it is until the cursor has more to read.
  private record Made<T>(T value, Cursor changes) {
    boolean isStale() {
      return changes.isBehind();
    }
  }

  /// @param making reads the objects
  public Derived(Store store, String prefix, Supplier<T> making) {
    this.store = store;
    this.prefix = prefix;
    this.making = making;
  }

  public T now() {
    @Nullable Made<T> known = made;
    return known == null || known.isStale() ? make() : known.value();
  }

  /// Where it cannot be made, as of objects that cannot be read, nothing is left behind and who
  /// asks next tries again.
  private synchronized T make() {
    @Nullable Made<T> known = made;
    if (known != null && !known.isStale()) {
      return known.value();
    }
    Cursor changes = store.watch(prefix, store.revision());
    @Nullable Cursor over = changes;
    try {
      T value = making.get();
      made = new Made<>(value, changes);
      over = known == null ? null : known.changes();
      return value;
    } finally {
      if (over != null) {
        over.close();
      }
    }
  }
}
