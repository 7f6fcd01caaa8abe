// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import org.jspecify.annotations.Nullable;

/// Havn cannot do what its user asked because of the world around it. The message is one line that
/// names the thing, what was expected and what to do; the command line prints it and exits with
/// status 1.
public final class StartException extends RuntimeException {
  public StartException(String message) {
    this(message, null);
  }

  public StartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
