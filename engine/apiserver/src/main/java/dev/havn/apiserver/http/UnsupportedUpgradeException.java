// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

/// This door cannot hand over raw bytes.
public final class UnsupportedUpgradeException extends RuntimeException {
  public UnsupportedUpgradeException(String message) {
    super(message);
  }
}
