// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceAttribute;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A device as an expression sees it.
final class DeviceValues {
  private DeviceValues() {}

  static Map<String, Object> of(Offer offer) {
    Device device = offer.device();
    Map<String, Map<String, Object>> attributes = new Domains();
    if (device.getAttributes() != null) {
      device.getAttributes().forEach((name, each) -> put(attributes, offer, name, value(each)));
    }
    Map<String, Map<String, Object>> capacity = new Domains();
    if (device.getCapacity() != null) {
      device
          .getCapacity()
          .forEach((name, each) -> put(capacity, offer, name, new Amount(each.getValue())));
    }
    return Map.of(
        "driver",
        offer.id().driver(),
        "attributes",
        attributes,
        "capacity",
        capacity,
        "allowMultipleAllocations",
        Boolean.TRUE.equals(device.getAllowMultipleAllocations()));
  }

  private static void put(
      Map<String, Map<String, Object>> domains, Offer offer, String name, @Nullable Object value) {
    if (value != null) {
      int slash = name.indexOf('/');
      String domain = slash < 0 ? offer.id().driver() : name.substring(0, slash);
      domains.computeIfAbsent(domain, _ -> new HashMap<>()).put(name.substring(slash + 1), value);
    }
  }

  /// Null for a kind of value that is not known.
  static @Nullable Object value(DeviceAttribute attribute) {
    if (attribute.getString() != null) {
      return attribute.getString();
    }
    if (attribute.getInt() != null) {
      return attribute.getInt();
    }
    if (attribute.getBool() != null) {
      return attribute.getBool();
    }
    return attribute.getVersion() == null ? null : Version.parse(attribute.getVersion(), false);
  }

  /// What a driver says nothing of is empty, not missing.
  private static final class Domains extends HashMap<String, Map<String, Object>> {
    private static final long serialVersionUID = 1;

    @Override
    public Map<String, Object> get(Object key) {
      @Nullable Map<String, Object> found = super.get(key);
      return found == null ? Map.of() : found;
    }

    @Override
    public boolean containsKey(Object key) {
      return true;
    }
  }
}
