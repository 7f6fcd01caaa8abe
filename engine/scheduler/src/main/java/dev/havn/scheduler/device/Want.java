// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.CapacityRequirements;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequest;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceSelector;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceSubRequest;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceToleration;
import io.fabric8.kubernetes.api.model.resource.v1.ExactDeviceRequest;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a request asks for, or one of what it takes by turns.
///
/// @param request its name, with the alternative's after a slash
/// @param parent the request's name
/// @param all whether it takes all devices that it selects, instead of `count`
/// @param capacities how much of each it needs
record Want(
    String request,
    String parent,
    DeviceClass ofClass,
    List<DeviceSelector> selectors,
    boolean all,
    long count,
    boolean admin,
    List<DeviceToleration> tolerations,
    Map<String, Quantity> capacities) {

  /// A claim and for each of its requests what it takes, the best first.
  record OfClaim(ResourceClaim claim, List<List<Want>> requests) {}

  /// A claim cannot be given anything, as long as nothing changes.
  static final class Unmet extends Exception {
    private static final long serialVersionUID = 1;

    Unmet(String message) {
      super(message);
    }
  }

  static OfClaim of(ResourceClaim claim, Devices devices) throws Unmet {
    List<List<Want>> requests = new ArrayList<>();
    for (DeviceRequest each : requests(claim)) {
      List<Want> wants = new ArrayList<>();
      if (each.getExactly() != null) {
        wants.add(
            exactly(
                each.getName(),
                each.getExactly(),
                ofClass(each.getName(), each.getExactly().getDeviceClassName(), devices)));
      } else {
        for (DeviceSubRequest other : each.getFirstAvailable()) {
          wants.add(instead(each.getName(), other, devices));
        }
      }
      requests.add(wants);
    }
    return new OfClaim(claim, requests);
  }

  /// What a claim asks for; the API says null of one that asks for nothing.
  static List<DeviceRequest> requests(ResourceClaim claim) {
    @Nullable DeviceClaim asked = asked(claim);
    @Nullable List<DeviceRequest> requests = asked == null ? null : asked.getRequests();
    return requests == null ? List.of() : requests;
  }

  /// What a claim says of devices; what is empty the API leaves out.
  static @Nullable DeviceClaim asked(ResourceClaim claim) {
    return claim.getSpec() == null ? null : claim.getSpec().getDevices();
  }

  /// What extended resources need, of classes that are known.
  static OfClaim of(ExtendedClaim extended, Map<String, DeviceClass> resources) {
    Map<String, DeviceClass> classes = new HashMap<>();
    resources.values().forEach(each -> classes.put(each.getMetadata().getName(), each));
    List<List<Want>> requests = new ArrayList<>();
    for (DeviceRequest each : extended.claim().getSpec().getDevices().getRequests()) {
      @Nullable DeviceClass of = classes.get(each.getExactly().getDeviceClassName());
      if (of != null) {
        requests.add(List.of(exactly(each.getName(), each.getExactly(), of)));
      }
    }
    return new OfClaim(extended.claim(), requests);
  }

  private static Want exactly(String name, ExactDeviceRequest asked, DeviceClass ofClass) {
    return new Want(
        name,
        name,
        ofClass,
        asked.getSelectors(),
        "All".equals(asked.getAllocationMode()),
        asked.getCount() == null ? 1 : asked.getCount(),
        Boolean.TRUE.equals(asked.getAdminAccess()),
        asked.getTolerations(),
        capacities(asked.getCapacity()));
  }

  private static Want instead(String parent, DeviceSubRequest asked, Devices devices) throws Unmet {
    String name = parent + "/" + asked.getName();
    return new Want(
        name,
        parent,
        ofClass(name, asked.getDeviceClassName(), devices),
        asked.getSelectors(),
        "All".equals(asked.getAllocationMode()),
        asked.getCount() == null ? 1 : asked.getCount(),
        false,
        asked.getTolerations(),
        capacities(asked.getCapacity()));
  }

  private static Map<String, Quantity> capacities(@Nullable CapacityRequirements asked) {
    return asked == null || asked.getRequests() == null ? Map.of() : asked.getRequests();
  }

  private static DeviceClass ofClass(String request, @Nullable String name, Devices devices)
      throws Unmet {
    @Nullable DeviceClass found = name == null ? null : devices.deviceClass(name);
    if (found == null) {
      throw new Unmet("request %s: device class %s does not exist".formatted(request, name));
    }
    return found;
  }
}
