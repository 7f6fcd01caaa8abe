// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

/// A condition of a status, without when it began: that is known where it is written.
///
/// @param message for people
public record Finding(String type, boolean isTrue, String reason, String message) {
  static Finding yes(String type, String reason, String message) {
    return new Finding(type, true, reason, message);
  }

  static Finding no(String type, String reason, String message) {
    return new Finding(type, false, reason, message);
  }
}
