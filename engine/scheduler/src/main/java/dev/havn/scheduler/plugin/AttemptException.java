// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

/// A pod cannot be looked at, by a mistake in what somebody wrote: it is told so, and looked at
/// again later.
public final class AttemptException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public AttemptException(String message, Throwable cause) {
    super(message, cause);
  }
}
