// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.network.policy.Range;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Service;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gives Services of type LoadBalancer an address of a range that only this machine reaches. Those
/// of another class, and those that somebody else has given an address, are left alone.
final class Balancers implements Reconciler {
  /// The class of Services that ask for this one by name.
  static final String CLASS = "havn.dev/local";

  private static final Duration UNTIL_SYNCED = Duration.ofMillis(20);

  private final Informer<Service> services;
  private final Api api;
  private final Range range;

  /// What was given and may not be shown yet.
  private final Map<Key, String> given = new HashMap<>();

  Balancers(Informer<Service> services, Api api, String range) {
    this.services = services;
    this.api = api;
    this.range = Range.parse(range);
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
    if (isWanted && has.isEmpty() && (kind == null || kind.equals(CLASS))) {
      String address = choose(key, service.getSpec().getLoadBalancerIP());
      given.put(key, address);
      write(key, address);
    } else if (!isWanted && has.stream().anyMatch(range::contains)) {
      given.remove(key);
      write(key, null);
    }
    return Result.DONE;
  }

  /// @throws IllegalStateException when all are taken; it is tried again
  private String choose(Key key, @Nullable String wanted) {
    Set<String> taken = new HashSet<>();
    for (Service each : services.list()) {
      if (!Informer.keyOf(each).equals(key)) {
        taken.addAll(addresses(each));
      }
    }
    given.forEach(
        (other, address) -> {
          if (!other.equals(key)) {
            taken.add(address);
          }
        });
    if (wanted != null && !wanted.isEmpty() && range.contains(wanted) && !taken.contains(wanted)) {
      return wanted;
    }
    for (int i = 1; i < range.size() - 1; i++) {
      if (!taken.contains(range.address(i))) {
        return range.address(i);
      }
    }
    throw new IllegalStateException("all addresses of load balancers are taken");
  }

  private void write(Key key, @Nullable String address) {
    ObjectNode patch = Api.object();
    ObjectNode balancer = patch.putObject("status").putObject("loadBalancer");
    if (address == null) {
      balancer.putNull("ingress");
    } else {
      balancer.putArray("ingress").addObject().put("ip", address).put("ipMode", "VIP");
    }
    api.merge(Api.path(Service.class, key.namespace(), key.name()) + "/status", patch);
  }
}
