// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The devices that a pod wants: by its claims, and by those extended resources that a node does
/// not give otherwise (KEP-5004). Which these are differs from node to node.
final class Wanted {
  private final PodFacts pod;
  private final List<Want.OfClaim> claims;
  private final Map<String, DeviceClass> extended;
  private final Devices devices;
  private final DeviceExpression.Cache expressions;

  /// By the resources that devices give.
  private final Map<Set<String>, Variant> variants = new HashMap<>();

  /// @param extended null when no resource is devices there
  /// @param allocator null when nothing is wanted there
  private record Variant(@Nullable ExtendedClaim extended, @Nullable Allocator allocator) {}

  Wanted(
      PodFacts pod,
      List<Want.OfClaim> claims,
      Map<String, DeviceClass> extended,
      Devices devices,
      DeviceExpression.Cache expressions) {
    this.pod = pod;
    this.claims = claims;
    this.extended = extended;
    this.devices = devices;
    this.expressions = expressions;
  }

  /// Whether a pod some of whose resources are devices asks for others that a node does not know.
  boolean lacks(NodeState node) {
    return !extended.isEmpty()
        && pod.demand().amounts().otherNames().stream()
            .anyMatch(
                each ->
                    ExtendedResources.isCandidate(each)
                        && pod.demand().amounts().get(each) > 0
                        && !extended.containsKey(each)
                        && !node.allocatable().otherNames().contains(each));
  }

  /// What each claim gets, in their order; null when there is not enough on the node.
  ///
  /// @throws DeviceExpression.Problem when an expression fails for a device
  @Nullable List<Grant> allocate(NodeState node) throws DeviceExpression.Problem {
    @Nullable Allocator allocator = variant(node).allocator();
    return allocator == null ? List.of() : allocator.allocate(node);
  }

  @Nullable ExtendedClaim extended(NodeState node) {
    return variant(node).extended();
  }

  private Variant variant(NodeState node) {
    Map<String, DeviceClass> here = new TreeMap<>(extended);
    here.keySet().removeIf(each -> node.allocatable().get(each) > 0);
    return variants.computeIfAbsent(Set.copyOf(here.keySet()), _ -> variant(here));
  }

  private Variant variant(Map<String, DeviceClass> here) {
    @Nullable ExtendedClaim made = here.isEmpty() ? null : ExtendedClaim.of(pod.pod(), here);
    List<Want.OfClaim> all = new ArrayList<>(claims);
    if (made != null) {
      all.add(Want.of(made, here));
    }
    return new Variant(made, all.isEmpty() ? null : new Allocator(all, devices, expressions));
  }
}
