// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

/// How values are kept where the store keeps them: the store holds plain values in memory and hands
/// out nothing else, but what it writes to its disk, or to etcd, goes through here.
///
/// Safe for many threads.
public interface Sealing {

  /// Values are kept as they are.
  Sealing NONE = new Plain();

  /// A value in the form in which it is kept.
  ///
  /// @param by what sealed it, such as a key's name; one object for all that it seals
  record Sealed(byte[] bytes, String by) {}

  /// A value as it was given.
  ///
  /// @param by what had sealed it
  record Opened(byte[] value, String by) {}

  /// @throws StoreException when it cannot be sealed now; nothing is written then
  Sealed seal(String key, byte[] value);

  /// @throws StoreException when it cannot be opened: nobody has its key
  Opened open(String key, byte[] kept);

  /// Whether what is written now under a key would be sealed in the same way.
  boolean isCurrent(String key, String by);

  /// Keeps values as they are.
  record Plain() implements Sealing {
    @Override
    public Sealed seal(String key, byte[] value) {
      return new Sealed(value, "");
    }

    @Override
    public Opened open(String key, byte[] kept) {
      return new Opened(kept, "");
    }

    @Override
    public boolean isCurrent(String key, String by) {
      return true;
    }
  }
}
