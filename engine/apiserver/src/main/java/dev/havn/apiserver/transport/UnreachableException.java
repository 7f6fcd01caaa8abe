// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

/// A server that cannot be found or spoken to. The message is what Kubernetes would say.
public final class UnreachableException extends RuntimeException {
  public UnreachableException(String message) {
    super(message);
  }

  UnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
