// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import org.jspecify.annotations.Nullable;

/// The store cannot do what was asked because of the world around it: disk, file, format, lock. The
/// message is one line that names the file, what is wrong and what to do.
public final class StoreException extends RuntimeException {
  public StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
