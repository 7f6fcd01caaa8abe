// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

/// A body was not read: others take all the room, it came too slowly, or its sender has gone.
public final class BodyRefusedException extends RuntimeException {
  private final Why why;

  /// What the sender may do about it.
  public enum Why {
    /// come again
    NO_ROOM,
    /// send faster
    TOO_SLOW,
    /// nothing: nobody reads the answer
    GONE
  }

  BodyRefusedException(Why why) {
    super("body refused: " + why);
    this.why = why;
  }

  public Why why() {
    return why;
  }
}
