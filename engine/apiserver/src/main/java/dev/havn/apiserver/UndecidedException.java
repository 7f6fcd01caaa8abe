// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

/// An authorizer could not find out whether something is allowed, and no other allows it. The
/// message says what kept it from knowing.
final class UndecidedException extends RuntimeException {
  UndecidedException(String message) {
    super(message);
  }
}
