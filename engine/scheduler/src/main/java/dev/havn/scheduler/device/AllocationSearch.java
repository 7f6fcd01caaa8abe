// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceConstraint;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Tries devices for one request after another, going back when a later one finds none.
final class AllocationSearch {
  /// Beyond this many tries a node counts as full: some puzzles have no end.
  private static final int TRIES_MAX = 100_000;

  private final List<Request> requests;
  private final Taken taken;
  private final CounterLedger counters;
  private final CapacityLedger capacities;
  private final List<Pick> picks = new ArrayList<>();
  private final Set<DeviceId> used = new HashSet<>();
  private int tries;

  /// @param offers those devices that it may select
  record Option(Want want, List<Offer> offers, Selection selection) {}

  /// Whether a device is selected; asked only of those that may be taken.
  @FunctionalInterface
  interface Selection {
    boolean includes(Offer offer) throws DeviceExpression.Problem;
  }

  record Request(ResourceClaim claim, List<Option> options) {}

  /// A device for a request.
  ///
  /// @param share what it takes of a device that several may have, by capacity
  /// @param counted whether it has taken what devices share
  record Pick(
      ResourceClaim claim, Want want, Offer offer, Map<String, Quantity> share, boolean counted) {}

  AllocationSearch(
      List<Request> requests, Taken taken, CounterLedger counters, CapacityLedger capacities) {
    this.requests = requests;
    this.taken = taken;
    this.counters = counters;
    this.capacities = capacities;
  }

  boolean succeeds() throws DeviceExpression.Problem {
    return from(0);
  }

  List<Pick> picks() {
    return picks;
  }

  private boolean from(int request) throws DeviceExpression.Problem {
    if (request == requests.size()) {
      return true;
    }
    for (Option option : requests.get(request).options()) {
      boolean found =
          option.want().all()
              ? takeAll(request, option)
              : takeSome(request, option, 0, option.want().count());
      if (found) {
        return true;
      }
    }
    return false;
  }

  /// Either all that are selected or none; one whose pool is not known in full may lack some.
  private boolean takeAll(int request, Option option) throws DeviceExpression.Problem {
    int before = picks.size();
    boolean taken = !option.offers().isEmpty();
    for (Offer offer : option.offers()) {
      taken = taken && take(request, option, offer);
    }
    if (taken && from(request + 1)) {
      return true;
    }
    while (picks.size() > before) {
      giveBack();
    }
    return false;
  }

  private boolean takeSome(int request, Option option, int start, long left)
      throws DeviceExpression.Problem {
    if (left == 0) {
      return from(request + 1);
    }
    for (int i = start; i + left <= option.offers().size(); i++) {
      if (take(request, option, option.offers().get(i))) {
        if (takeSome(request, option, i + 1, left - 1)) {
          return true;
        }
        giveBack();
      }
    }
    return false;
  }

  private boolean take(int request, Option option, Offer offer) throws DeviceExpression.Problem {
    ResourceClaim claim = requests.get(request).claim();
    Want want = option.want();
    if (++tries > TRIES_MAX
        || !offer.complete()
        || !isFree(want, offer)
        || !option.selection().includes(offer)
        || !DeviceTaints.allow(offer.device(), want.tolerations())
        || !meetsConstraints(claim, want, offer)) {
      return false;
    }
    @Nullable Map<String, Quantity> share = capacities.share(want, offer);
    // Whoever has the first share of a device has taken what it needs of its counters.
    boolean counts = !want.admin() && !(offer.isForSeveral() && capacities.isShared(offer.id()));
    if (share == null || (counts && !counters.take(offer))) {
      return false;
    }
    if (offer.isForSeveral()) {
      capacities.take(offer.id(), share);
    } else if (!want.admin()) {
      used.add(offer.id());
    }
    picks.add(new Pick(claim, want, offer, share, counts));
    return true;
  }

  private boolean isFree(Want want, Offer offer) {
    return want.admin() || !(taken.isWhole(offer.id()) || used.contains(offer.id()));
  }

  private void giveBack() {
    Pick last = picks.removeLast();
    if (last.counted()) {
      counters.giveBack(last.offer());
    }
    if (last.offer().isForSeveral()) {
      capacities.giveBack(last.offer().id());
    } else if (!last.want().admin()) {
      used.remove(last.offer().id());
    }
  }

  private boolean meetsConstraints(ResourceClaim claim, Want want, Offer offer) {
    for (DeviceConstraint each : claim.getSpec().getDevices().getConstraints()) {
      if (concerns(each, want) && !meets(each, claim, offer)) {
        return false;
      }
    }
    return true;
  }

  private static boolean concerns(DeviceConstraint constraint, Want want) {
    List<String> named = constraint.getRequests();
    return named == null
        || named.isEmpty()
        || named.contains(want.parent())
        || named.contains(want.request());
  }

  /// A device without the attribute meets nothing.
  private boolean meets(DeviceConstraint constraint, ResourceClaim claim, Offer offer) {
    boolean same = constraint.getMatchAttribute() != null;
    @Nullable String name =
        same ? constraint.getMatchAttribute() : constraint.getDistinctAttribute();
    if (name == null) {
      return true;
    }
    @Nullable Object value = value(offer, name);
    if (value == null) {
      return false;
    }
    for (Pick each : picks) {
      if (each.claim() == claim
          && concerns(constraint, each.want())
          && Objects.equals(value(each.offer(), name), value) != same) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable Object value(Offer offer, String name) {
    var attribute = offer.attribute(name);
    return attribute == null ? null : DeviceValues.value(attribute);
  }
}
