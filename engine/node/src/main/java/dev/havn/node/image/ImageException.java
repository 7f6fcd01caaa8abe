// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import org.jspecify.annotations.Nullable;

/// An image cannot be loaded or pulled; the message names it and says what is wrong.
public final class ImageException extends RuntimeException {
  public ImageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
