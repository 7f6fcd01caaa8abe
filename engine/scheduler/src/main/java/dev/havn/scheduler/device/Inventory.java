// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// All pools of devices, each as its newest generation says.
public final class Inventory {
  public static final Inventory EMPTY = new Inventory(List.of());

  private final List<Pool> pools = new ArrayList<>();

  /// @param complete whether all slices of its generation are there
  /// @param valid whether each device has a name of its own
  record Pool(
      String driver, String name, List<ResourceSlice> slices, boolean complete, boolean valid) {}

  private record Key(String driver, String pool) {}

  public Inventory(Collection<ResourceSlice> slices) {
    Comparator<Key> order = Comparator.comparing(Key::driver).thenComparing(Key::pool);
    Map<Key, List<ResourceSlice>> byPool = new TreeMap<>(order);
    for (ResourceSlice each : slices) {
      Key key = new Key(each.getSpec().getDriver(), each.getSpec().getPool().getName());
      byPool.computeIfAbsent(key, _ -> new ArrayList<>()).add(each);
    }
    byPool.forEach((key, all) -> pools.add(pool(key, all)));
  }

  private static Pool pool(Key key, List<ResourceSlice> all) {
    long newest = all.stream().mapToLong(Inventory::generation).max().orElse(0);
    List<ResourceSlice> current = new ArrayList<>(all);
    current.removeIf(each -> generation(each) != newest);
    current.sort(Comparator.comparing(each -> each.getMetadata().getName()));
    Set<String> names = new HashSet<>();
    boolean valid = true;
    for (ResourceSlice slice : current) {
      for (Device device : slice.getSpec().getDevices()) {
        valid &= names.add(device.getName());
      }
    }
    long expected = current.getFirst().getSpec().getPool().getResourceSliceCount();
    return new Pool(
        key.driver(), key.pool(), List.copyOf(current), current.size() == expected, valid);
  }

  private static long generation(ResourceSlice slice) {
    Long generation = slice.getSpec().getPool().getGeneration();
    return generation == null ? 0 : generation;
  }

  List<Pool> pools() {
    return pools;
  }
}
