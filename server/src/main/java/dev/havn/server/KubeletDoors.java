// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.HttpsDoor;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The https doors of the nodes of this process: one for each, at the port that a kubelet has.
/// Where several nodes share an address the others are at those that follow, or at any.
final class KubeletDoors implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KubeletDoors.class);
  private static final int PORT = 10_250;
  private static final Duration RENEW_LOOK_EVERY = Duration.ofHours(1);

  private final Authority authority;
  private final ScheduledExecutorService executor;
  private final SecureRandom random;
  private final Map<String, Open> doors = new LinkedHashMap<>();
  private boolean closed;

  /// A node that gets a door.
  ///
  /// @param channels listen in the node's network
  /// @param listens is told the port
  record Wanted(
      String node,
      String address,
      HttpsDoor.Channels channels,
      Handler handler,
      IntConsumer listens) {}

  private record Open(HttpsDoor door, List<String> addresses, Authority.Identity shown) {}

  KubeletDoors(Authority authority, ScheduledExecutorService executor, SecureRandom random) {
    this.authority = authority;
    this.executor = executor;
    this.random = random;
  }

  /// Opens them all; a node without one is reached through the API server only, and that is logged.
  synchronized void open(List<Wanted> wanted) {
    for (int i = 0; i < wanted.size() && !closed; i++) {
      try {
        open(wanted.get(i), PORT + i);
      } catch (IOException e) {
        LOG.warn("node {} has no door of its own: {}", wanted.get(i).node(), e.getMessage());
      }
    }
    again();
  }

  private void open(Wanted wanted, int port) throws IOException {
    List<String> addresses = new ArrayList<>(List.of("127.0.0.1"));
    if (!addresses.contains(wanted.address())) {
      addresses.add(wanted.address());
    }
    Authority.Identity identity = authority.node(wanted.node(), addresses);
    HttpsDoor door = open(wanted, identity, List.of(PORT, port));
    doors.put(wanted.node(), new Open(door, addresses, identity));
    wanted.listens().accept(door.port());
  }

  /// At the first of the ports that is free, else at any.
  private HttpsDoor open(Wanted wanted, Authority.Identity identity, List<Integer> ports)
      throws IOException {
    for (int each : ports) {
      try {
        return open(wanted, each, identity);
      } catch (IOException taken) {
        LOG.debug("port {} of {} is taken: {}", each, wanted.node(), taken.getMessage());
      }
    }
    return open(wanted, 0, identity);
  }

  private HttpsDoor open(Wanted wanted, int port, Authority.Identity identity) throws IOException {
    return HttpsDoor.open(
        wanted.address(),
        port,
        shown(identity),
        wanted.handler(),
        new HttpsDoor.Surroundings(executor, random, DoorLimits.standard(), wanted.channels()));
  }

  private HttpsDoor.Identity shown(Authority.Identity identity) {
    return new HttpsDoor.Identity(
        identity.keys().getPrivate(),
        List.of(identity.certificate()),
        List.of(authority.certificate()));
  }

  private void again() {
    try {
      var unused =
          executor.schedule(this::renew, RENEW_LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  private synchronized void renew() {
    if (closed) {
      return;
    }
    for (String node : List.copyOf(doors.keySet())) {
      @Nullable Open open = doors.get(node);
      if (open != null && !authority.isFresh(open.shown())) {
        try {
          Authority.Identity identity = authority.node(node, open.addresses());
          open.door().show(shown(identity));
          doors.put(node, new Open(open.door(), open.addresses(), identity));
        } catch (IOException e) {
          LOG.warn("the certificate of node {} is not renewed: {}", node, e.getMessage());
        }
      }
    }
    again();
  }

  @Override
  public synchronized void close() {
    closed = true;
    doors.values().forEach(each -> each.door().close());
  }
}
