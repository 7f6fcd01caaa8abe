// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One key's value at one revision. Shared by every get, list and watch, and so is what a caller
/// derives from it: see [#derived(Function)].
public final class Entry {
  private static final VarHandle DERIVED;

  static {
    try {
      DERIVED = MethodHandles.lookup().findVarHandle(Entry.class, "derived", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final String key;
  private final byte[] value;
  private final long createRevision;
  private final long revision;
  private @Nullable Object derived;

  public Entry(String key, byte[] value, long createRevision, long revision) {
    this.key = key;
    this.value = value;
    this.createRevision = createRevision;
    this.revision = revision;
  }

  public String key() {
    return key;
  }

  /// The bytes as written; not a copy, never to be changed.
  public byte[] value() {
    return value;
  }

  /// The revision that brought the key into being.
  public long createRevision() {
    return createRevision;
  }

  /// The revision of this value.
  public long revision() {
    return revision;
  }

  /// What the caller derives from this entry, computed once and shared by all who see the entry.
  /// One caller, one type: the store's user decides on a single class of derived value. Two threads
  /// may compute at the same time; one of the results is kept.
  @SuppressWarnings("unchecked") // the single type is the contract above
  public <T> T derived(Function<Entry, T> compute) {
    @Nullable Object known = DERIVED.getAcquire(this);
    if (known == null) {
      T computed = compute.apply(this);
      known = DERIVED.compareAndSet(this, null, computed) ? computed : DERIVED.getAcquire(this);
    }
    return (T) known;
  }
}
