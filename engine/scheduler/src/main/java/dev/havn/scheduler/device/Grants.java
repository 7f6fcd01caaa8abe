// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResultBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceAllocationConfiguration;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceAllocationConfigurationBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResultBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What is written to a claim that gets devices.
final class Grants {
  private Grants() {}

  static String key(ResourceClaim claim) {
    return claim.getMetadata().getNamespace() + "/" + claim.getMetadata().getName();
  }

  static AllocationResult result(
      Want.OfClaim claim, List<AllocationSearch.Pick> picks, NodeState node) {
    List<AllocationSearch.Pick> own = new ArrayList<>(picks);
    own.removeIf(each -> each.claim() != claim.claim());
    List<DeviceRequestAllocationResult> results = new ArrayList<>();
    own.forEach(each -> results.add(result(each)));
    return new AllocationResultBuilder()
        .withNewDevices()
        .withResults(results)
        .withConfig(config(claim.claim(), own))
        .endDevices()
        .withNodeSelector(reach(own, node))
        .build();
  }

  private static DeviceRequestAllocationResult result(AllocationSearch.Pick pick) {
    DeviceRequestAllocationResultBuilder result =
        new DeviceRequestAllocationResultBuilder()
            .withRequest(pick.want().request())
            .withDriver(pick.offer().id().driver())
            .withPool(pick.offer().id().pool())
            .withDevice(pick.offer().id().name())
            .withTolerations(pick.want().tolerations());
    if (pick.offer().isForSeveral()) {
      result.withShareID(shareId(pick)).withConsumedCapacity(pick.share());
    }
    result
        .withBindingConditions(pick.offer().device().getBindingConditions())
        .withBindingFailureConditions(pick.offer().device().getBindingFailureConditions());
    return pick.want().admin() ? result.withAdminAccess(true).build() : result.build();
  }

  /// No two shares of a device have the same: a request of a claim takes a device once.
  private static String shareId(AllocationSearch.Pick pick) {
    String share =
        String.join(
            "/",
            pick.claim().getMetadata().getUid(),
            pick.want().request(),
            pick.offer().id().driver(),
            pick.offer().id().pool(),
            pick.offer().id().name());
    return UUID.nameUUIDFromBytes(share.getBytes(StandardCharsets.UTF_8)).toString();
  }

  /// That of the classes first, then that of the claim as far as it concerns what was taken.
  private static List<DeviceAllocationConfiguration> config(
      ResourceClaim claim, List<AllocationSearch.Pick> picks) {
    Set<Want> wants = new LinkedHashSet<>();
    picks.forEach(each -> wants.add(each.want()));
    List<DeviceAllocationConfiguration> all = new ArrayList<>();
    for (Want want : wants) {
      for (var each : want.ofClass().getSpec().getConfig()) {
        all.add(
            new DeviceAllocationConfigurationBuilder()
                .withSource("FromClass")
                .withRequests(want.request())
                .withOpaque(each.getOpaque())
                .build());
      }
    }
    @Nullable DeviceClaim asked = Want.asked(claim);
    if (asked == null) {
      return all;
    }
    for (var each : asked.getConfig()) {
      boolean concerns =
          each.getRequests().isEmpty()
              || wants.stream()
                  .anyMatch(
                      want ->
                          each.getRequests().contains(want.request())
                              || each.getRequests().contains(want.parent()));
      if (concerns) {
        all.add(
            new DeviceAllocationConfigurationBuilder()
                .withSource("FromClaim")
                .withRequests(each.getRequests())
                .withOpaque(each.getOpaque())
                .build());
      }
    }
    return all;
  }

  /// Which nodes reach all devices: one, also of devices that are attached to one, those that all
  /// selectors select, or all.
  private static @Nullable NodeSelector reach(List<AllocationSearch.Pick> picks, NodeState node) {
    Set<NodeSelectorRequirement> expressions = new LinkedHashSet<>();
    Set<NodeSelectorRequirement> fields = new LinkedHashSet<>();
    for (AllocationSearch.Pick each : picks) {
      @Nullable String only = each.offer().node();
      @Nullable NodeSelector nodes = each.offer().nodes();
      if ((only != null && !only.isEmpty())
          || Boolean.TRUE.equals(each.offer().device().getBindsToNode())) {
        return new NodeSelectorBuilder()
            .addNewNodeSelectorTerm()
            .addNewMatchField()
            .withKey("metadata.name")
            .withOperator("In")
            .withValues(node.name())
            .endMatchField()
            .endNodeSelectorTerm()
            .build();
      }
      if (nodes != null) {
        for (NodeSelectorTerm term : nodes.getNodeSelectorTerms()) {
          expressions.addAll(term.getMatchExpressions());
          fields.addAll(term.getMatchFields());
        }
      }
    }
    return expressions.isEmpty() && fields.isEmpty()
        ? null
        : new NodeSelectorBuilder()
            .addNewNodeSelectorTerm()
            .withMatchExpressions(List.copyOf(expressions))
            .withMatchFields(List.copyOf(fields))
            .endNodeSelectorTerm()
            .build();
  }
}
