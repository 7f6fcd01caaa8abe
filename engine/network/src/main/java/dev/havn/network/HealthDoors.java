// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.door.Doorman;
import dev.havn.network.service.ServiceRules.Health;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers at the health-check node ports of Services whether a node has endpoints of theirs, as
/// kube-proxy does: 200 when it has, 503 when not.
///
/// Each door listens on a task of its own until it is closed. Threads: one changes them.
final class HealthDoors implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HealthDoors.class);
  private static final int PATIENCE_MILLIS = 2_000;
  private static final int REQUEST_BYTES_MAX = 4_096;

  private final ScheduledExecutorService executor;
  private final NodeNetwork.Doors sockets;
  private final Map<String, Door> doors = new HashMap<>();

  HealthDoors(ScheduledExecutorService executor, NodeNetwork.Doors sockets) {
    this.executor = executor;
    this.sockets = sockets;
  }

  /// Opens and closes doors of one Service.
  ///
  /// @param health null for none
  void set(String owner, @Nullable Health health) {
    doors
        .entrySet()
        .removeIf(
            each -> {
              boolean stale =
                  each.getKey().startsWith(owner + " ")
                      && (health == null
                          || each.getValue().port != health.port()
                          || !health.endpoints().containsKey(each.getValue().address));
              if (stale) {
                each.getValue().close();
              }
              return stale;
            });
    if (health == null) {
      return;
    }
    health
        .endpoints()
        .forEach(
            (address, count) -> {
              Door door =
                  doors.computeIfAbsent(
                      owner + " " + address, _ -> new Door(address, health.port()));
              door.health = health;
              door.count = count;
              door.open();
            });
  }

  @Override
  public void close() {
    doors.values().forEach(Door::close);
    doors.clear();
  }

  private final class Door {
    private final String address;
    private final int port;
    private volatile @Nullable Health health;
    private volatile int count;
    private @Nullable ServerSocket socket;

    Door(String address, int port) {
      this.address = address;
      this.port = port;
    }

    void open() {
      if (socket != null) {
        return;
      }
      try {
        ServerSocket opened = sockets.open();
        opened.setReuseAddress(true);
        opened.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
        socket = opened;
        Doorman.open(opened, executor, connection -> executor.execute(() -> answer(connection)));
      } catch (IOException e) {
        LOG.warn("no health checks at {}:{}: {}", address, port, e.getMessage());
      }
    }

    private void answer(Socket connection) {
      try (connection) {
        connection.setSoTimeout(PATIENCE_MILLIS);
        // Whatever is asked, the answer is the same.
        int asked = connection.getInputStream().read(new byte[REQUEST_BYTES_MAX]);
        if (asked < 0) {
          return;
        }
        OutputStream out = connection.getOutputStream();
        out.write(text().getBytes(StandardCharsets.US_ASCII));
        out.flush();
      } catch (IOException e) {
        LOG.debug("health check at {}:{}: {}", address, port, e.getMessage());
      }
    }

    private String text() {
      @Nullable Health now = health;
      String body =
          "{\"service\":{\"namespace\":\"%s\",\"name\":\"%s\"},\"localEndpoints\":%d,\"serviceProxyHealthy\":true}"
              .formatted(now == null ? "" : now.namespace(), now == null ? "" : now.name(), count);
      return "HTTP/1.1 "
          + (count > 0 ? "200 OK" : "503 Service Unavailable")
          + "\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
          + "X-Load-Balancing-Endpoint-Weight: "
          + count
          + "\r\nContent-Length: "
          + body.length()
          + "\r\nConnection: close\r\n\r\n"
          + body;
    }

    void close() {
      @Nullable ServerSocket opened = socket;
      socket = null;
      if (opened != null) {
        try {
          opened.close();
        } catch (IOException e) {
          LOG.debug("closing {}:{}: {}", address, port, e.getMessage());
        }
      }
    }
  }
}
