// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A network cannot be made, looked at or taken away, in the words of CNI's own library.
public final class CniException extends IOException {
  /// What the specification keeps for errors of its own.
  static final int INCOMPATIBLE_VERSION = 1;

  static final int CANNOT_DECODE = 6;
  static final int INVALID_CONFIGURATION = 7;

  /// Of errors without one.
  static final int UNKNOWN = 0;

  private final int code;

  /// @param code of the specification, section 5; from 100 on the plugin's own
  CniException(int code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  CniException(int code, String message) {
    this(code, message, null);
  }

  public int code() {
    return code;
  }
}
