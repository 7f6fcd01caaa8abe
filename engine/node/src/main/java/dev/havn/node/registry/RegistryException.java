// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A registry does not give what it is asked for.
final class RegistryException extends IOException {
  private static final long serialVersionUID = 1;

  /// It ends up in events and states, and registries choose parts of it.
  private static final int CHARS_MAX = 1 << 10;

  RegistryException(String message) {
    super(cut(message));
  }

  RegistryException(String message, @Nullable Throwable cause) {
    super(cut(message), cause);
  }

  private static String cut(String message) {
    return message.length() <= CHARS_MAX ? message : message.substring(0, CHARS_MAX) + "...";
  }
}
