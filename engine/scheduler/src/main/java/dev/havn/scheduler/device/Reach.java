// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.plugin.NodeSelection;
import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSliceSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which devices a node reaches: its own, and those of networks that it is in.
final class Reach {
  private Reach() {}

  static List<Offer> of(Inventory inventory, NodeState node) {
    List<Offer> offers = new ArrayList<>();
    for (Inventory.Pool pool : inventory.pools()) {
      if (pool.valid()) {
        pool.slices().forEach(slice -> add(pool, slice, node, offers));
      }
    }
    return offers;
  }

  private static void add(
      Inventory.Pool pool, ResourceSlice slice, NodeState node, List<Offer> offers) {
    ResourceSliceSpec spec = slice.getSpec();
    boolean each = Boolean.TRUE.equals(spec.getPerDeviceNodeSelection());
    if (!each && !reaches(spec.getNodeName(), spec.getNodeSelector(), spec.getAllNodes(), node)) {
      return;
    }
    for (Device device : spec.getDevices()) {
      @Nullable String name = each ? device.getNodeName() : spec.getNodeName();
      @Nullable NodeSelector selector = each ? device.getNodeSelector() : spec.getNodeSelector();
      if (!each || reaches(name, selector, device.getAllNodes(), node)) {
        offers.add(
            new Offer(
                new DeviceId(pool.driver(), pool.name(), device.getName()),
                device,
                name,
                selector,
                pool.complete()));
      }
    }
  }

  private static boolean reaches(
      @Nullable String name,
      @Nullable NodeSelector selector,
      @Nullable Boolean all,
      NodeState node) {
    if (name != null && !name.isEmpty()) {
      return name.equals(node.name());
    }
    return Boolean.TRUE.equals(all) || (selector != null && NodeSelection.matches(selector, node));
  }
}
