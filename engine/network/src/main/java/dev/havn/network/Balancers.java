// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gives Services of type LoadBalancer an address of each of their families, of ranges that only
/// this machine reaches. Those of another class, and those that somebody else has given an address,
/// are left alone; those that have one of ranges that are no longer these get another.
final class Balancers implements Reconciler {
  /// The class of Services that ask for this one by name.
  static final String CLASS = "havn.dev/local";

  private static final Duration UNTIL_SYNCED = Duration.ofMillis(20);

  private final Informer<Service> services;
  private final Api api;
  private final List<AddressRange> ranges;
  private final List<AddressRange> former;

  /// What was given and may not be shown yet.
  private final Map<Key, List<String>> given = new HashMap<>();

  Balancers(
      Informer<Service> services, Api api, List<AddressRange> ranges, List<AddressRange> former) {
    this.services = services;
    this.api = api;
    this.ranges = ranges;
    this.former = former;
  }

  /// Whether a Service has anything to do with this.
  static boolean concerns(@Nullable Service before, @Nullable Service after) {
    return isBalanced(before) || isBalanced(after);
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
      return Result.DONE;
    }
    boolean isWanted = "LoadBalancer".equals(service.getSpec().getType());
    @Nullable String kind = service.getSpec().getLoadBalancerClass();
    List<String> has = addresses(service);
    if (isWanted && lacks(has, ranges, former) && (kind == null || kind.equals(CLASS))) {
      List<String> chosen = new ArrayList<>();
      for (AddressRange each : ranges) {
        if (has(service, each.family())) {
          chosen.add(choose(key, each, service.getSpec().getLoadBalancerIP()));
        }
      }
      given.put(key, chosen);
      write(key, chosen);
    } else if (!isWanted
        && has.stream().anyMatch(each -> isOf(ranges, each) || isOf(former, each))) {
      given.remove(key);
      write(key, List.of());
    }
    return Result.DONE;
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

  /// @throws IllegalStateException when all are taken; it is tried again
  private String choose(Key key, AddressRange range, @Nullable String wanted) {
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
    return choose(range, taken, wanted);
  }

  /// An address has many spellings, in rules one: whoever asks for it by another than its owner's
  /// does not get it.
  static String choose(AddressRange range, Set<String> taken, @Nullable String wanted) {
    Family family = Family.of(range.family());
    Set<String> others = new HashSet<>();
    taken.stream().filter(family::isAddress).map(family::canonical).forEach(others::add);
    if (wanted != null && family.isAddress(wanted)) {
      String asked = family.canonical(wanted);
      if (range.contains(asked) && !others.contains(asked)) {
        return asked;
      }
    }
    for (int i = 1; i < range.size() - 1; i++) {
      String address = range.address(i);
      if (!others.contains(address)) {
        return address;
      }
    }
    throw new IllegalStateException("all addresses of load balancers are taken");
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
