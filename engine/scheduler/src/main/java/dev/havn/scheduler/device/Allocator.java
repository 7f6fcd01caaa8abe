// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceSelector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds devices for all claims of a pod on a node: request by request the first devices that fit
/// together, and others when that leaves nothing for a later one.
final class Allocator {
  private final List<Want.OfClaim> claims;
  private final Devices devices;
  private final Taken taken;
  private final DeviceExpression.Cache expressions;

  /// Whether a device is selected does not depend on the node.
  private final Map<Selected, Boolean> selected = new HashMap<>();

  private record Selected(Want want, DeviceId device) {}

  Allocator(List<Want.OfClaim> claims, Devices devices, DeviceExpression.Cache expressions) {
    this.claims = claims;
    this.devices = devices;
    this.taken = devices.taken();
    this.expressions = expressions;
  }

  /// What each claim gets, in their order; null when there is not enough on the node.
  ///
  /// @throws DeviceExpression.Problem when an expression fails for a device
  @Nullable List<Grant> allocate(NodeState node) throws DeviceExpression.Problem {
    List<Offer> offers = Reach.of(devices.inventory(), node);
    CapacityLedger capacities = new CapacityLedger(taken);
    List<AllocationSearch.Request> requests = new ArrayList<>();
    for (Want.OfClaim claim : claims) {
      for (List<Want> wants : claim.requests()) {
        List<AllocationSearch.Option> options = new ArrayList<>();
        for (Want want : wants) {
          options.add(option(claim, want, offers, capacities));
        }
        requests.add(new AllocationSearch.Request(claim.claim(), options));
      }
    }
    AllocationSearch search =
        new AllocationSearch(
            requests, taken, new CounterLedger(devices.inventory(), taken), capacities);
    if (!search.succeeds()) {
      return null;
    }
    List<Grant> grants = new ArrayList<>();
    for (Want.OfClaim claim : claims) {
      grants.add(new Grant(claim.claim(), Grants.result(claim, search.picks(), node)));
    }
    return grants;
  }

  private AllocationSearch.Option option(
      Want.OfClaim claim, Want want, List<Offer> offers, CapacityLedger capacities)
      throws DeviceExpression.Problem {
    List<Offer> found = offers;
    if (want.all()) {
      found = new ArrayList<>();
      for (Offer offer : offers) {
        if (!offer.complete()) {
          throw beingUpdated(claim, want, offer);
        }
        if (isSelected(claim, want, offer) && capacities.share(want, offer) != null) {
          found.add(offer);
        }
      }
    }
    return new AllocationSearch.Option(want, found, offer -> isSelected(claim, want, offer));
  }

  private static DeviceExpression.Problem beingUpdated(Want.OfClaim claim, Want want, Offer offer) {
    return new DeviceExpression.Problem(
        "claim %s, request %s: asks for all devices, but resource pool %s/%s is currently being updated"
            .formatted(
                Grants.key(claim.claim()), want.request(), offer.id().driver(), offer.id().pool()));
  }

  private boolean isSelected(Want.OfClaim claim, Want want, Offer offer)
      throws DeviceExpression.Problem {
    Selected key = new Selected(want, offer.id());
    @Nullable Boolean known = selected.get(key);
    if (known == null) {
      known = selects(claim, want, offer);
      selected.put(key, known);
    }
    return known;
  }

  private boolean selects(Want.OfClaim claim, Want want, Offer offer)
      throws DeviceExpression.Problem {
    List<DeviceSelector> ofClass = want.ofClass().getSpec().getSelectors();
    return all(ofClass, offer, "class " + want.ofClass().getMetadata().getName())
        && all(want.selectors(), offer, "claim " + Grants.key(claim.claim()));
  }

  private boolean all(List<DeviceSelector> selectors, Offer offer, String where)
      throws DeviceExpression.Problem {
    for (int i = 0; i < selectors.size(); i++) {
      if (selectors.get(i).getCel() == null) {
        continue;
      }
      try {
        if (!expressions.of(selectors.get(i).getCel().getExpression()).selects(offer)) {
          return false;
        }
      } catch (DeviceExpression.Problem e) {
        throw new DeviceExpression.Problem(
            "%s: selector #%d: %s".formatted(where, i, e.getMessage()));
      }
    }
    return true;
  }
}
