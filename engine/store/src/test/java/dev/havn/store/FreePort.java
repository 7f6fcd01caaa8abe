// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/// Ports for servers that are opened a little later, or again at the same one. They lie below those
/// that systems give to clients (from 32768 on with Linux): a connection of somebody else could
/// take such a port in between, and a client that knocks while nobody listens could be given the
/// very port it knocks at, and be connected with itself.
public final class FreePort {
  private static final int FIRST = 20_000;
  private static final int COUNT = 10_000;
  private static final int TRIES_MAX = 100;

  private FreePort() {}

  /// @return a port of the loopback address at which nobody listens
  public static int find() throws IOException {
    for (int tried = 1; ; tried++) {
      int port = FIRST + ThreadLocalRandom.current().nextInt(COUNT);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (BindException taken) {
        if (tried == TRIES_MAX) {
          throw taken;
        }
      }
    }
  }
}
