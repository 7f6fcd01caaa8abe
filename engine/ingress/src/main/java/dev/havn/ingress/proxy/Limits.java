// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import java.time.Duration;

/// What a client or a backend may cost.
///
/// @param request until the head of a request is there, counted from the one before
/// @param handshake of TLS
/// @param connect to a backend
/// @param answer until a backend begins to answer a request that it has as a whole
/// @param stall without a byte while something is under way
/// @param idle of a connection to a backend that nobody uses
/// @param tunnel without a byte in a connection that was upgraded
/// @param connections of clients at a time
/// @param connectionsOfOne client, by its address
public record Limits(
    Duration request,
    Duration handshake,
    Duration connect,
    Duration answer,
    Duration stall,
    Duration idle,
    Duration tunnel,
    int connections,
    int connectionsOfOne) {
  public static final Limits USUAL =
      new Limits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(10),
          Duration.ofSeconds(5),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofHours(1),
          8_192,
          1_024);

  static final int LINE_BYTES_MAX = 16 << 10;
  static final int HEADER_BYTES_MAX = 32 << 10;
  static final int CHUNK_BYTES_MAX = 64 << 10;
  static final int STREAMS_MAX = 100;
  static final int WINDOW_BYTES = 1 << 20;
  static final int RESETS_MAX = 200;
  static final int RESETS_WITHIN_SECONDS = 30;
  static final int WRITE_LOW_BYTES = 64 << 10;
  static final int WRITE_HIGH_BYTES = 256 << 10;

  /// Connections to backends: to one endpoint, to those of one owner, to all.
  static final int TO_ENDPOINT_MAX = 1_024;

  static final int OF_OWNER_MAX = 2_048;
  static final int TO_BACKENDS_MAX = 8_192;

  /// Kept for an endpoint on one event loop.
  static final int IDLE_CONNECTIONS_MAX = 64;

  /// Of the memory, for all requests that are under way together.
  static final int ROOM_SHARE = 16;

  static final long ROOM_BYTES_MIN = 16 << 20;
  static final long ROOM_BYTES_MAX = 256 << 20;

  /// Endpoints that are tried for one request.
  static final int TRIES_MAX = 3;
}
