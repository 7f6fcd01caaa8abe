// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A registry does not give what it is asked for.
final class RegistryException extends IOException {
  private static final long serialVersionUID = 1;

  RegistryException(String message) {
    super(message);
  }

  RegistryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
