// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.List;

/// A place in the log. It holds no events of its own: a slow reader costs nothing until it falls
/// off the tail. Used by one thread at a time, except [#close()].
public interface Cursor extends AutoCloseable {

  /// The next events, in order, without blocking; empty when there are none yet.
  ///
  /// @param max the most events returned
  /// @throws CompactedException when the reader was too slow and its place is no longer kept
  List<Event> poll(int max);

  /// The revision up to which this cursor has seen everything, for bookmarks: after an empty
  /// [#poll], the store's newest revision at that moment.
  long revision();

  /// Whether something that this cursor has not polled may have been appended. Never false once the
  /// write was acknowledged to anybody; takes no lock, so that who keeps something made of the
  /// objects may ask on every use.
  boolean isBehind();

  /// Runs `wake` once, on the thread that appends, when there is something to poll; at once, on
  /// this thread, when there is already. `wake` must be short and must not block. A later call
  /// replaces an earlier one; closing drops it.
  void onReady(Runnable wake);

  @Override
  void close();
}
