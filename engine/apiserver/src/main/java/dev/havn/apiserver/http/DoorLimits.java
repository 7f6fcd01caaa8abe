// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.time.Duration;

/// How much a door takes from everybody together, before it knows who they are.
///
/// @param connections open at a time
/// @param connectionsPerAddress of these from one address; this machine's own may take all
/// @param bodyBytes of bodies that are being gathered or handled; requests beyond are told to come
///   again
/// @param body how long a body may take, from when it is wanted
/// @param idle how long a connection may be open with no request under way; also how long the lines
///   of a request may take
public record DoorLimits(
    int connections,
    int connectionsPerAddress,
    long bodyBytes,
    Duration body,
    Duration handshake,
    Duration idle) {
  private static final long BODY_BYTES_LEAST = 16 << 20;
  private static final long BODY_BYTES_MOST = 256 << 20;

  /// A body of JSON becomes about ten times as much while it is handled.
  private static final int BODY_SHARE_OF_MEMORY = 16;

  /// As kube-apiserver where it has such a limit.
  public static DoorLimits standard() {
    long share = Runtime.getRuntime().maxMemory() / BODY_SHARE_OF_MEMORY;
    return new DoorLimits(
        4_096,
        1_024,
        Math.clamp(share, BODY_BYTES_LEAST, BODY_BYTES_MOST),
        Duration.ofSeconds(60),
        Duration.ofSeconds(10),
        Duration.ofSeconds(90));
  }
}
