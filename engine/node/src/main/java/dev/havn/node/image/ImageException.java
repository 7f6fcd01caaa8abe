// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

/// An image cannot be loaded; the message names the file and what is wrong.
public final class ImageException extends RuntimeException {
  ImageException(String message, Throwable cause) {
    super(message, cause);
  }
}
