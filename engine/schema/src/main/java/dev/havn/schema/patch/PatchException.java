// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

/// A patch that cannot be applied, said as Kubernetes says it.
public final class PatchException extends RuntimeException {
  private final boolean malformed;

  private PatchException(String message, boolean malformed) {
    super(message);
    this.malformed = malformed;
  }

  /// The patch itself is wrong: 400.
  static PatchException malformed(String message) {
    return new PatchException(message, true);
  }

  /// The patch does not fit the object: 422.
  static PatchException unprocessable(String message) {
    return new PatchException(message, false);
  }

  public boolean malformed() {
    return malformed;
  }
}
