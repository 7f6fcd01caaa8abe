// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import org.jspecify.annotations.Nullable;

/// A plugin did not do what it was asked for.
public final class PluginException extends Exception {
  /// @param message as gRPC's Go library words it: `rpc error: code = Unavailable desc = …`
  public PluginException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  public String text() {
    return String.valueOf(getMessage());
  }
}
