// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

/// Nobody can tell how many pods are wanted.
final class UncountableException extends Exception {
  private static final long serialVersionUID = 1L;

  UncountableException(String message) {
    super(message);
  }
}
