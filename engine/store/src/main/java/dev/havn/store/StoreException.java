// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import org.jspecify.annotations.Nullable;

/// The store cannot do what was asked because of the world around it: disk, file, format, lock. The
/// message is one line that names the file, what is wrong and what to do.
public final class StoreException extends RuntimeException {
  private final Kind kind;

  /// What a caller can do about it.
  public enum Kind {
    /// nothing until somebody has looked: nothing was done
    REFUSED,
    /// try again soon; a write may have been done
    UNREACHABLE,
    /// make the value smaller: nothing was done
    TOO_LARGE
  }

  public StoreException(String message, @Nullable Throwable cause) {
    this(Kind.REFUSED, message, cause);
  }

  public StoreException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
