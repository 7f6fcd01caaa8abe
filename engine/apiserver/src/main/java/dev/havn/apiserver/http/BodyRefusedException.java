// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

/// A body was not read: others take all the room, it came too slowly, it cannot be told where it
/// ends, or its sender has gone.
public final class BodyRefusedException extends RuntimeException {
  private final Why why;

  /// What the sender may do about it.
  public enum Why {
    /// come again
    NO_ROOM,
    /// send faster
    TOO_SLOW,
    /// say where its pieces end; the message tells what is wrong with them
    BROKEN,
    /// nothing: nobody reads the answer
    GONE
  }

  BodyRefusedException(Why why) {
    this("body refused: " + why, why);
  }

  /// A body in pieces whose lengths make no sense.
  static BodyRefusedException broken(String problem) {
    return new BodyRefusedException(problem, Why.BROKEN);
  }

  private BodyRefusedException(String message, Why why) {
    super(message);
    this.why = why;
  }

  public Why why() {
    return why;
  }
}
