// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

/// A request body is longer than the handler takes.
public final class BodyTooLargeException extends RuntimeException {
  private final int bytesMax;

  public BodyTooLargeException(int bytesMax) {
    super("the request body is longer than " + bytesMax + " bytes");
    this.bytesMax = bytesMax;
  }

  public int bytesMax() {
    return bytesMax;
  }
}
