// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.StartException;

/// So many bytes, and no more, for what a pod may ask for without end.
final class ByteBudget {
  private final String message;
  private long left;

  /// @param message for who wants more: what is too large, and what to do
  ByteBudget(long bytes, String message) {
    this.left = bytes;
    this.message = message;
  }

  /// In bytes.
  long left() {
    return left;
  }

  /// @throws StartException when that is more than what is left
  void take(long bytes) {
    if (bytes > left) {
      throw new StartException("CreateContainerConfigError", message, null);
    }
    left -= bytes;
  }
}
