// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

/// A patch that cannot be applied, said as Kubernetes says it.
public final class PatchException extends RuntimeException {
  private final Cause cause;

  private PatchException(String message, Cause cause) {
    super(message);
    this.cause = cause;
  }

  /// What kind of answer it becomes.
  public enum Cause {
    /// the patch itself is wrong: 400
    MALFORMED,
    /// the patch does not fit the object: 422
    UNPROCESSABLE,
    /// Kubernetes answers 500 without a reason
    INTERNAL
  }

  static PatchException malformed(String message) {
    return new PatchException(message, Cause.MALFORMED);
  }

  static PatchException unprocessable(String message) {
    return new PatchException(message, Cause.UNPROCESSABLE);
  }

  static PatchException internal(String message) {
    return new PatchException(message, Cause.INTERNAL);
  }

  public Cause cause() {
    return cause;
  }
}
