// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The connections of a door: as many as it takes, and not all of them from one address.
final class ConnectionCount {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionCount.class);

  private final DoorLimits limits;
  private final Map<InetAddress, Integer> byAddress = new HashMap<>();
  private int all;
  private boolean told;

  ConnectionCount(DoorLimits limits) {
    this.limits = limits;
  }

  /// @return whether it may stay; it is counted until it closes
  synchronized boolean admit(SocketChannel channel) {
    InetAddress address = channel.remoteAddress().getAddress();
    boolean own = address.isLoopbackAddress();
    int most = own ? limits.connections() : limits.connectionsPerAddress();
    // Whoever sits at this machine gets in when others have taken all places, to see to them.
    int places = own ? limits.connections() : limits.connections() - limits.connections() / 8;
    if (all >= places || byAddress.getOrDefault(address, 0) >= most) {
      if (!told) {
        LOG.warn("{} connections are open, {} from {}: no more are taken", all, most, address);
        told = true;
      }
      return false;
    }
    all++;
    byAddress.merge(address, 1, Integer::sum);
    channel.closeFuture().addListener(closed -> leave(address));
    return true;
  }

  private synchronized void leave(InetAddress address) {
    all--;
    told = false;
    byAddress.computeIfPresent(address, (_, count) -> count == 1 ? null : count - 1);
  }
}
