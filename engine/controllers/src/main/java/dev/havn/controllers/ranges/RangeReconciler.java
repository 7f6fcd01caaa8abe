// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.ranges;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.networking.v1.IPAddress;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDR;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Holds a ServiceCIDR by a finalizer until no IPAddress of a Service is of it, or all lie in
/// others, too. Once that is so it waits a little longer: an address may be on its way to a
/// Service.
public final class RangeReconciler implements Reconciler {
  private static final String FINALIZER = "networking.k8s.io/service-cidr-finalizer";
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final Informer<ServiceCIDR> ranges;
  private final Informer<IPAddress> addresses;
  private final Api api;
  private final InstantSource clock;

  public RangeReconciler(
      Informer<ServiceCIDR> ranges, Informer<IPAddress> addresses, Api api, InstantSource clock) {
    this.ranges = ranges;
    this.addresses = addresses;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable ServiceCIDR range = ranges.get("", key.name());
    if (range == null) {
      return Result.DONE;
    }
    @Nullable String deleted = range.getMetadata().getDeletionTimestamp();
    if (deleted == null) {
      hold(range);
      condition(range, "True", "", "Kubernetes Service CIDR is ready");
      return Result.DONE;
    }
    List<String> used =
        addresses.list().stream()
            .filter(RangeReconciler::isOfService)
            .map(each -> each.getMetadata().getName())
            .toList();
    if (!isSpare(range, ranges.list(), used)) {
      condition(
          range,
          "False",
          "Terminating",
          "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a"
              + " new ServiceCIDR");
      return Result.DONE;
    }
    Duration left = Duration.between(clock.instant(), Instant.parse(deleted).plus(GRACE));
    if (left.isPositive()) {
      return Result.after(left);
    }
    release(range);
    return Result.DONE;
  }

  /// Addresses that others than Services have are not of a range.
  private static boolean isOfService(IPAddress address) {
    @Nullable Map<String, String> labels = address.getMetadata().getLabels();
    return labels != null
        && "ipallocator.k8s.io".equals(labels.get("ipaddress.kubernetes.io/managed-by"));
  }

  /// Whether nobody misses a range that goes.
  static boolean isSpare(
      ServiceCIDR range, Collection<ServiceCIDR> all, Collection<String> addresses) {
    List<AddressRange> others =
        all.stream()
            .filter(each -> !each.getMetadata().getName().equals(range.getMetadata().getName()))
            .flatMap(RangeReconciler::parts)
            .toList();
    boolean isCovered =
        parts(range).allMatch(part -> others.stream().anyMatch(each -> each.contains(part)));
    return isCovered
        || addresses.stream()
            .noneMatch(
                address ->
                    parts(range).anyMatch(part -> serves(part, address))
                        && others.stream().noneMatch(each -> serves(each, address)));
  }

  private static Stream<AddressRange> parts(ServiceCIDR range) {
    return range.getSpec().getCidrs().stream().map(AddressRange::parse);
  }

  /// Whether a Service may have an address of it: neither the first one nor, of IPv4, the last.
  static boolean serves(AddressRange range, String address) {
    if (!range.contains(address) || range.number(address) == 0) {
      return false;
    }
    boolean isLast = range.number(address) == (1L << (range.family().bits() - range.prefix())) - 1;
    return range.family() == AddressFamily.IPV6 || !isLast;
  }

  /// Whether a change of one may matter to the other.
  public static boolean overlap(ServiceCIDR one, ServiceCIDR other) {
    return parts(one).anyMatch(part -> parts(other).anyMatch(part::overlaps));
  }

  private static String path(ServiceCIDR range) {
    return Api.path(ServiceCIDR.class, "", range.getMetadata().getName());
  }

  private static boolean isHeld(ServiceCIDR range) {
    @Nullable List<String> finalizers = range.getMetadata().getFinalizers();
    return finalizers != null && finalizers.contains(FINALIZER);
  }

  private void hold(ServiceCIDR range) {
    if (!isHeld(range)) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").putArray("finalizers").add(FINALIZER);
      write(path(range), patch);
    }
  }

  private void release(ServiceCIDR range) {
    if (isHeld(range)) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").putArray("$deleteFromPrimitiveList/finalizers").add(FINALIZER);
      write(path(range), patch);
    }
  }

  private void condition(ServiceCIDR range, String status, String reason, String message) {
    Stream<Condition> known =
        range.getStatus() == null ? Stream.of() : range.getStatus().getConditions().stream();
    boolean isSaid =
        known.anyMatch(
            each ->
                each.getType().equals("Ready")
                    && each.getStatus().equals(status)
                    && reason.equals(each.getReason() == null ? "" : each.getReason())
                    && message.equals(each.getMessage()));
    if (!isSaid) {
      ObjectNode patch = Api.object();
      patch
          .putObject("status")
          .putArray("conditions")
          .addObject()
          .put("type", "Ready")
          .put("status", status)
          .put("reason", reason)
          .put("message", message)
          .put("lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
      write(path(range) + "/status", patch);
    }
  }

  private void write(String path, ObjectNode patch) {
    try {
      api.patchStrategic(path, patch);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }
}
