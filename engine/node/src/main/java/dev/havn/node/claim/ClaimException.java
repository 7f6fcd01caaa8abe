// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import org.jspecify.annotations.Nullable;

/// The claims of a pod are not as they must be, in the kubelet's words.
public final class ClaimException extends Exception {
  ClaimException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  ClaimException(String message) {
    this(message, null);
  }

  public String text() {
    return String.valueOf(getMessage());
  }
}
