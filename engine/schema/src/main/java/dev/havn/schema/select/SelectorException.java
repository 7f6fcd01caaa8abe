// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.select;

/// A selector that cannot be understood, said as Kubernetes says it.
public final class SelectorException extends RuntimeException {
  public SelectorException(String message) {
    super(message);
  }
}
