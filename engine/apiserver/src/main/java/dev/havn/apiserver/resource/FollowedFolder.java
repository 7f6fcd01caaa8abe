// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.store.CompactedException;
import dev.havn.store.Cursor;
import dev.havn.store.Entry;
import dev.havn.store.Event;
import dev.havn.store.Store;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Brings something that is made of all objects in a folder of the store up to date with the log,
/// whenever it is asked for: where nobody asks it costs nothing. Used by one thread at a time.
public final class FollowedFolder {
  private static final int EVENTS_MAX = 1_000;

  private final Store store;
  private final String folder;
  private final Kept kept;
  private @Nullable Cursor changes;

  /// What is made of the objects.
  public interface Kept {
    /// Begins anew, with no object.
    void clear();

    /// An object is there, or is another than it was.
    void put(Entry entry);

    void remove(String key);
  }

  public FollowedFolder(Store store, String folder, Kept kept) {
    this.store = store;
    this.folder = folder;
    this.kept = kept;
  }

  /// Takes what has changed. Where an object cannot be read, as one whose key is missing, it
  /// throws, and who asks next begins anew: what is half known would pass for all there is.
  public void catchUp() {
    boolean isWhole = false;
    try {
      take(changes == null ? begin() : changes);
      isWhole = true;
    } catch (CompactedException fellBehind) {
      forget();
      take(begin());
      isWhole = true;
    } finally {
      if (!isWhole) {
        forget();
      }
    }
  }

  private Cursor begin() {
    kept.clear();
    Cursor cursor = store.watch(folder, store.revision());
    changes = cursor;
    store.range(folder, "", 0, 0).entries().forEach(kept::put);
    return cursor;
  }

  private void take(Cursor cursor) {
    for (List<Event> events = cursor.poll(EVENTS_MAX);
        !events.isEmpty();
        events = cursor.poll(EVENTS_MAX)) {
      events.forEach(this::apply);
    }
  }

  private void apply(Event event) {
    @Nullable Entry current = event.current();
    if (current == null) {
      kept.remove(event.key());
    } else {
      kept.put(current);
    }
  }

  private void forget() {
    if (changes != null) {
      changes.close();
      changes = null;
    }
  }
}
