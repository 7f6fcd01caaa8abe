// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// Bytes that all requests under way may hold together: their headers, and parts of bodies that the
/// other side has not taken yet.
final class Room {
  /// A header is a few objects, whatever its length, and an exchange keeps all of them twice.
  private static final int HEADER_BYTES = 128;

  private static final int COPIES = 2;
  private final AtomicLong free;

  Room(long bytes) {
    this.free = new AtomicLong(bytes);
  }

  static Room usual() {
    return new Room(
        Math.clamp(
            Runtime.getRuntime().maxMemory() / Limits.ROOM_SHARE,
            Limits.ROOM_BYTES_MIN,
            Limits.ROOM_BYTES_MAX));
  }

  /// @return whether there was as much, which is taken then
  boolean take(long bytes) {
    if (free.addAndGet(-bytes) >= 0) {
      return true;
    }
    free.addAndGet(bytes);
    return false;
  }

  void give(long bytes) {
    free.addAndGet(bytes);
  }

  long free() {
    return free.get();
  }

  static long cost(HttpHeaders headers) {
    long bytes = 0;
    for (Map.Entry<String, String> each : headers) {
      bytes += HEADER_BYTES + each.getKey().length() + each.getValue().length();
    }
    return COPIES * bytes;
  }
}
