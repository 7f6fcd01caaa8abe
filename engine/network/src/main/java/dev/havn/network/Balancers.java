// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Gives Services of type LoadBalancer an address of each of their families, of ranges that only
/// this machine reaches. Those of another class, and those that somebody else has given an address,
/// are left alone; those that have one of ranges that are no longer these get another. Events tell
/// of it as those of a cloud's controller do. Who cannot get one, or not the one it asks for, has
/// none or keeps what it has, and is looked at again when an address becomes free.
final class Balancers implements Reconciler {
  /// The class of Services that ask for this one by name.
  static final String CLASS = "havn.dev/local";

  /// What the events of a cloud's controller are of.
  static final String COMPONENT = "service-controller";

  private static final Duration UNTIL_SYNCED = Duration.ofMillis(20);

  /// A cloud's controller tries at most so seldom.
  private static final Duration AGAIN = Duration.ofMinutes(5);

  private static final int QUOTED_CHARS_MAX = 100;

  private final Informer<Service> services;
  private final Api api;
  private final Events events;
  private final List<AddressRange> ranges;
  private final List<AddressRange> former;

  /// What was given and may not be shown yet.
  private final Map<Key, List<String>> given = new HashMap<>();

  /// Those that could get none, the first of them first.
  private final Set<Key> waiting = Collections.synchronizedSet(new LinkedHashSet<>());

  /// That a Service cannot have an address, and why.
  static final class NoAddressException extends Exception {
    private static final long serialVersionUID = 1;

    NoAddressException(String message) {
      super(message);
    }
  }

  Balancers(
      Informer<Service> services,
      Api api,
      Events events,
      List<AddressRange> ranges,
      List<AddressRange> former) {
    this.services = services;
    this.api = api;
    this.events = events;
    this.ranges = ranges;
    this.former = former;
  }

  /// Who is to be looked at when a Service changes.
  List<Key> concerned(@Nullable Service before, @Nullable Service after) {
    List<Key> keys = new ArrayList<>();
    @Nullable Service one = after == null ? before : after;
    if (one != null && (isBalanced(before) || isBalanced(after))) {
      keys.add(Informer.keyOf(one));
    }
    if (before != null && !addresses(before).isEmpty() && !keeps(before, after)) {
      keys.addAll(List.of(waiting.toArray(Key[]::new)));
    }
    return keys;
  }

  private static boolean keeps(Service before, @Nullable Service after) {
    return after != null && addresses(after).containsAll(addresses(before));
  }

  private static boolean isBalanced(@Nullable Service service) {
    return service != null
        && ("LoadBalancer".equals(service.getSpec().getType()) || !addresses(service).isEmpty());
  }

  private static List<String> addresses(Service service) {
    return service.getStatus() == null || service.getStatus().getLoadBalancer() == null
        ? List.of()
        : service.getStatus().getLoadBalancer().getIngress().stream()
            .map(each -> each.getIp() == null ? "" : each.getIp())
            .toList();
  }

  @Override
  public Result reconcile(Key key) {
    if (!services.hasSynced()) {
      return Result.after(UNTIL_SYNCED);
    }
    @Nullable Service service = services.get(key.namespace(), key.name());
    if (service == null || service.getMetadata().getDeletionTimestamp() != null) {
      given.remove(key);
      waiting.remove(key);
      return Result.DONE;
    }
    boolean isWanted = "LoadBalancer".equals(service.getSpec().getType());
    @Nullable String kind = service.getSpec().getLoadBalancerClass();
    List<String> has = addresses(service);
    if (isWanted && (kind == null || kind.equals(CLASS))) {
      return lacks(has, ranges, former) || asksForAnother(service, has)
          ? give(key, service, has)
          : done(key);
    }
    if (!isWanted) {
      given.remove(key);
      if (has.stream().anyMatch(each -> isOf(ranges, each) || isOf(former, each))) {
        write(key, List.of());
      }
    }
    return done(key);
  }

  private Result done(Key key) {
    waiting.remove(key);
    return Result.DONE;
  }

  private Result give(Key key, Service service, List<String> has) {
    events.normal(service, "EnsuringLoadBalancer", "Ensuring load balancer");
    try {
      List<String> chosen = choose(key, service, has);
      given.put(key, chosen);
      write(key, chosen);
      events.normal(service, "EnsuredLoadBalancer", "Ensured load balancer");
      return done(key);
    } catch (NoAddressException e) {
      waiting.add(key);
      events.warning(
          service,
          "SyncLoadBalancerFailed",
          "Error syncing load balancer: failed to ensure load balancer: " + e.getMessage());
      return Result.after(AGAIN);
    }
  }

  /// Whether a Service has addresses of here, but not the one that it asks for.
  private boolean asksForAnother(Service service, List<String> has) {
    String wanted = wanted(service);
    return !wanted.isEmpty()
        && has.stream().allMatch(each -> isOf(ranges, each))
        && has.stream().noneMatch(each -> isSame(each, wanted));
  }

  private static boolean isSame(String address, String other) {
    Family family = Family.of(address);
    return family.isAddress(other) && family.canonical(address).equals(family.canonical(other));
  }

  private static String wanted(Service service) {
    return Objects.requireNonNullElse(service.getSpec().getLoadBalancerIP(), "");
  }

  /// Whether somebody with these addresses is to get others: what he has is from nobody else.
  static boolean lacks(List<String> has, List<AddressRange> ranges, List<AddressRange> former) {
    return has.stream().allMatch(each -> isOf(former, each) && !isOf(ranges, each));
  }

  private static boolean isOf(List<AddressRange> some, String address) {
    return some.stream()
        .anyMatch(each -> Family.of(each.family()).isAddress(address) && each.contains(address));
  }

  private boolean has(Service service, AddressFamily family) {
    List<String> families = service.getSpec().getIpFamilies();
    return families == null || families.isEmpty()
        ? family == ranges.getFirst().family()
        : families.contains(family.toString());
  }

  private List<String> choose(Key key, Service service, List<String> has)
      throws NoAddressException {
    String wanted = wanted(service);
    List<AddressRange> own = ranges.stream().filter(each -> has(service, each.family())).toList();
    if (!wanted.isEmpty() && !isOf(own, wanted)) {
      String all = own.stream().map(AddressRange::toString).collect(Collectors.joining(" and "));
      throw new NoAddressException(
          "loadBalancerIP '%s' is none of load-balancer-range %s: ask for one of these addresses, or for none"
              .formatted(quoted(wanted), all));
    }
    Set<String> taken = taken(key);
    List<String> chosen = new ArrayList<>();
    for (AddressRange each : own) {
      List<AddressRange> of = List.of(each);
      Stream<String> kept = has.stream().filter(address -> isOf(of, address));
      chosen.add(choose(each, taken, isOf(of, wanted) ? wanted : kept.findFirst().orElse("")));
    }
    return chosen;
  }

  private static String quoted(String text) {
    return text.length() > QUOTED_CHARS_MAX ? text.substring(0, QUOTED_CHARS_MAX) + "…" : text;
  }

  private Set<String> taken(Key key) {
    Set<String> taken = new HashSet<>();
    for (Service each : services.list()) {
      if (!Informer.keyOf(each).equals(key)) {
        taken.addAll(addresses(each));
      }
    }
    given.forEach(
        (other, addresses) -> {
          if (!other.equals(key)) {
            taken.addAll(addresses);
          }
        });
    return taken;
  }

  /// An address has many spellings, in rules one: whoever asks for it by another than its owner's
  /// does not get it.
  ///
  /// @param wanted an address of the range, or empty for any
  static String choose(AddressRange range, Set<String> taken, String wanted)
      throws NoAddressException {
    Family family = Family.of(range.family());
    Set<String> others = new HashSet<>();
    taken.stream().filter(family::isAddress).map(family::canonical).forEach(others::add);
    if (!wanted.isEmpty()) {
      String asked = family.canonical(wanted);
      if (others.contains(asked)) {
        throw new NoAddressException(
            "loadBalancerIP %s is another Service's: ask for another address of load-balancer-range %s, or for none"
                .formatted(asked, range));
      }
      return asked;
    }
    for (int i = 1; i < range.size() - 1; i++) {
      String address = range.address(i);
      if (!others.contains(address)) {
        return address;
      }
    }
    throw new NoAddressException(
        "all %d addresses of load-balancer-range %s are taken: delete a Service of type LoadBalancer, or begin with a larger range (load-balancer-range in the file of `havn up --config`)"
            .formatted(range.size() - 2, range));
  }

  private void write(Key key, List<String> addresses) {
    ObjectNode patch = Api.object();
    ObjectNode balancer = patch.putObject("status").putObject("loadBalancer");
    if (addresses.isEmpty()) {
      balancer.putNull("ingress");
    } else {
      ArrayNode all = balancer.putArray("ingress");
      addresses.forEach(each -> all.addObject().put("ip", each).put("ipMode", "VIP"));
    }
    api.merge(Api.path(Service.class, key.namespace(), key.name()) + "/status", patch);
  }
}
