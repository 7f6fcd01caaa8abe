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
  private final String sealedBy;
  private final @Nullable String problem;
  private @Nullable Object derived;

  public Entry(String key, byte[] value, long createRevision, long revision) {
    this(key, value, createRevision, revision, "", null);
  }

  private Entry(
      String key,
      byte[] value,
      long createRevision,
      long revision,
      String sealedBy,
      @Nullable String problem) {
    this.key = key;
    this.value = value;
    this.createRevision = createRevision;
    this.revision = revision;
    this.sealedBy = sealedBy;
    this.problem = problem;
  }

  /// An entry that was just sealed.
  static Entry sealed(
      String key, byte[] value, long createRevision, long revision, String sealedBy) {
    return new Entry(key, value, createRevision, revision, sealedBy, null);
  }

  /// An entry as it is kept; one that cannot be opened is there, but cannot be read.
  static Entry kept(String key, byte[] kept, long createRevision, long revision, Sealing sealing) {
    try {
      Sealing.Opened opened = sealing.open(key, kept);
      return new Entry(key, opened.value(), createRevision, revision, opened.by(), null);
    } catch (StoreException e) {
      return new Entry(key, kept, createRevision, revision, "", String.valueOf(e.getMessage()));
    }
  }

  public String key() {
    return key;
  }

  /// The bytes as written; not a copy, never to be changed.
  ///
  /// @throws StoreException when nobody here has the key with which they were sealed
  public byte[] value() {
    if (problem != null) {
      throw new StoreException(problem, null);
    }
    return value;
  }

  /// Whether [#value] can be read.
  public boolean isReadable() {
    return problem == null;
  }

  /// What sealed it where it is kept, see [Sealing]; empty when nothing did.
  public String sealedBy() {
    return sealedBy;
  }

  /// The form in which it is to be kept now; what cannot be read is kept as it is.
  byte[] seal(Sealing sealing) {
    return problem == null ? sealing.seal(key, value).bytes() : value;
  }

  /// The size of the value.
  int bytes() {
    return value.length;
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
