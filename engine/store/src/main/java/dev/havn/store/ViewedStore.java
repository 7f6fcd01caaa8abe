// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import org.jspecify.annotations.Nullable;

/// What every store that holds its entries in a [View] has in common: reads and cursors.
abstract sealed class ViewedStore implements Store permits LogStore, EtcdStore {
  /// How values are kept where they are durable.
  abstract Sealing sealing();

  abstract View view();

  @Override
  public @Nullable Entry get(String key) {
    return view().get(key);
  }

  @Override
  public Page range(String prefix, String after, int limit, long revision) {
    return view().range(prefix, after, limit, revision);
  }

  @Override
  public long count(String prefix) {
    return view().count(prefix);
  }

  @Override
  public long revision() {
    return view().revision();
  }

  @Override
  public long compactedRevision() {
    return view().compactedRevision();
  }

  @Override
  public Cursor watch(String prefix, long after) {
    return view().watch(prefix, after);
  }

  @Override
  public void compact(long before) {
    view().compact(before);
  }

  @Override
  public boolean isCurrent(Entry entry) {
    return sealing().isCurrent(entry.key(), entry.sealedBy());
  }
}
