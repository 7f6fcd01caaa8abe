// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

/// The node refuses a session before it has begun.
public final class NodeException extends RuntimeException {
  private final int status;

  /// @param status the HTTP status the client gets
  public NodeException(int status, String message) {
    super(message);
    this.status = status;
  }

  public int status() {
    return status;
  }
}
