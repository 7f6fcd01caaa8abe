// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

/// A rule of a route says what cannot be served; what it is for is not served otherwise than it
/// says.
final class UnsupportedException extends Exception {
  private final String reason;

  /// @param reason of the condition `Accepted`
  UnsupportedException(String reason, String message) {
    super(message);
    this.reason = reason;
  }

  static UnsupportedException value(String message) {
    return new UnsupportedException("UnsupportedValue", message);
  }

  String reason() {
    return reason;
  }
}
