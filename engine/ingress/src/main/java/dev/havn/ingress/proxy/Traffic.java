// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.routing.Rule;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What all connections of a proxy share.
final class Traffic {
  private static final Logger LOG = LoggerFactory.getLogger(Traffic.class);
  private static final int CLASSES = 6;

  /// Spreads neighbours over a whole, so that shares are kept also over few requests.
  private static final double GOLDEN = 0.6180339887498949;

  private final Limits limits;

  /// Tells requests that went through here before.
  private final String hop = Long.toHexString(new SecureRandom().nextLong());

  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Map<EventLoop, Upstreams> upstreams = new ConcurrentHashMap<>();
  private final Room room;
  private final Headcount clients = new Headcount();
  private final Headcount backends = new Headcount();
  private final AtomicLongArray answers = new AtomicLongArray(CLASSES);
  private final AtomicLong overspent = new AtomicLong();
  private final AtomicLong turns = new AtomicLong();
  private volatile Shown shown = new Shown(Map.of(), Map.of(), Set.of());

  /// @param endpoints that the table names
  private record Shown(
      Map<DoorId, Door> doors, Map<Identity, SslContext> contexts, Set<Rule.Endpoint> endpoints) {}

  Traffic(Limits limits, Room room) {
    this.limits = limits;
    this.room = room;
  }

  Room room() {
    return room;
  }

  String hop() {
    return hop;
  }

  Limits limits() {
    return limits;
  }

  ChannelGroup connections() {
    return connections;
  }

  /// @param client its address
  boolean admit(Channel channel, String client) {
    if (connections.size() >= limits.connections()) {
      LOG.debug("{} connections are open, no more are taken", limits.connections());
      return false;
    }
    if (!clients.enter(client, limits.connectionsOfOne())) {
      LOG.debug("{} has {} connections, no more are taken", client, limits.connectionsOfOne());
      return false;
    }
    channel.closeFuture().addListener(_ -> clients.leave(client));
    connections.add(channel);
    return true;
  }

  @Nullable Door door(DoorId id) {
    return shown.doors().get(id);
  }

  /// A number for each request, spread evenly over 0 to 1.
  double turn() {
    double turn = turns.getAndIncrement() * GOLDEN;
    return turn - Math.floor(turn);
  }

  Upstreams upstreams(EventLoop loop) {
    return upstreams.computeIfAbsent(loop, each -> new Upstreams(each, limits, backends));
  }

  void answered(int status) {
    answers.incrementAndGet(Math.clamp(status / 100, 0, CLASSES - 1));
  }

  /// A request cost more regular expressions than one may.
  void overspent() {
    overspent.incrementAndGet();
  }

  Proxy.Figures figures() {
    Map<Integer, Long> byClass = new TreeMap<>();
    for (int i = 1; i < CLASSES; i++) {
      byClass.put(i, answers.get(i));
    }
    return new Proxy.Figures(byClass, connections.size(), overspent.get());
  }

  /// @param name in lower case, or empty
  @Nullable SslContext context(DoorId id, String name) {
    Shown now = shown;
    @Nullable Door door = now.doors().get(id);
    @Nullable Identity identity = door == null ? null : door.identities().best(name);
    return identity == null ? null : now.contexts().get(identity);
  }

  void show(RoutingTable table) {
    Map<DoorId, Door> doors = new HashMap<>();
    Map<Identity, SslContext> contexts = new HashMap<>();
    Set<Rule.Endpoint> endpoints = new HashSet<>();
    Map<Identity, SslContext> before = shown.contexts();
    for (Door door : table.doors()) {
      doors.put(door.id(), door);
      for (Identity each : door.identities().byName().values()) {
        @Nullable SslContext known = before.get(each);
        @Nullable SslContext context = known == null ? made(each) : known;
        if (context != null) {
          contexts.put(each, context);
        }
      }
      collect(door.sites(), endpoints);
    }
    shown = new Shown(doors, contexts, endpoints);
    upstreams.forEach((loop, each) -> loop.execute(() -> each.keepOnly(endpoints)));
  }

  /// Without one the names of this identity end in no greeting; all others go on.
  private static @Nullable SslContext made(Identity identity) {
    try {
      return TlsGreeting.context(identity);
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "the certificate of {} cannot be shown",
          identity.chain().getFirst().getSubjectX500Principal(),
          e);
      return null;
    }
  }

  private static void collect(HostMap<Site> sites, Set<Rule.Endpoint> endpoints) {
    for (Site site : sites.byName().values()) {
      for (var rules : site.hosts().byName().values()) {
        for (Rule rule : rules) {
          collect(rule, endpoints);
        }
      }
    }
  }

  private static void collect(Rule rule, Set<Rule.Endpoint> endpoints) {
    collect(rule.filters(), endpoints);
    if (rule.action() instanceof Rule.Forward forward) {
      for (Rule.Weighted each : forward.backends()) {
        collect(each.target(), endpoints);
        collect(each.filters(), endpoints);
      }
    }
  }

  private static void collect(List<Filter> filters, Set<Rule.Endpoint> endpoints) {
    for (Filter each : filters) {
      if (each instanceof Filter.Mirror mirror) {
        collect(mirror.target(), endpoints);
      }
    }
  }

  private static void collect(Rule.Target target, Set<Rule.Endpoint> endpoints) {
    if (target instanceof Rule.Backend backend) {
      endpoints.addAll(backend.endpoints());
    }
  }
}
