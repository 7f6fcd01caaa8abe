// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.Set;

/// What a claim to devices may say of what it was given: which devices, how these are, and for
/// whom.
final class ClaimAllocationRules {
  private static final int USERS_MAX = 256;
  private static final int RESULTS_MAX = 32;
  private static final int CONFIGURATIONS_MAX = 64;
  private static final int CONDITIONS_MAX = 8;
  private static final int ADDRESSES_MAX = 16;
  private static final int INTERFACE_BYTES_MAX = 256;
  private static final int HARDWARE_BYTES_MAX = 128;

  private ClaimAllocationRules() {}

  static void check(At after, JsonNode before) {
    At status = after.at("status");
    At allocation = status.at("allocation");
    users(status.at("reservedFor"));
    devices(status.at("devices"), allocation.at("devices").at("results"));
    if (!status.at("reservedFor").isEmpty() && !allocation.isThere()) {
      status.at("reservedFor").forbidden("may not be specified when `allocated` is not set");
    }
    JsonNode old = before.path("status").path("allocation");
    if (allocation.isThere() && old.isObject()) {
      allocation.same(old);
    } else if (allocation.isThere()) {
      allocation(allocation, DeviceRules.names(after.value().path("spec")));
    }
  }

  private static void users(At users) {
    if (!users.holdsAtMost(USERS_MAX)) {
      return;
    }
    for (At user : users.items()) {
      user.at("resource").needs();
      user.at("name").needs();
      user.at("uid").needs();
    }
    users.uniqueBy("uid");
  }

  private static void allocation(At allocation, Set<String> requests) {
    At results = allocation.at("devices").at("results");
    if (results.holdsAtMost(RESULTS_MAX)) {
      results.items().forEach(each -> result(each, requests));
    }
    At config = allocation.at("devices").at("config");
    if (config.holdsAtMost(CONFIGURATIONS_MAX)) {
      for (At each : config.items()) {
        each.at("source").needsOneOf("FromClaim", "FromClass");
        DeviceRules.references(each.at("requests"), requests);
        DeviceRules.configuration(each);
      }
    }
    allocation.at("nodeSelector").ifThere(SchedulingRules::nodeSelector);
  }

  private static void result(At result, Set<String> requests) {
    DeviceRules.reference(result.at("request"), requests);
    identity(result);
    DeviceConditions.check(result);
    result.at("shareID").ifThere(DeviceNames::uuid);
  }

  private static void identity(At device) {
    DeviceNames.driver(device.at("driver"));
    DeviceNames.pool(device.at("pool"));
    device.at("device").has(Formats::label);
  }

  private static void devices(At devices, At results) {
    Set<ObjectNode> allocated = new HashSet<>();
    results.items().forEach(each -> allocated.add(key(each)));
    for (At device : devices.items()) {
      identity(device);
      device.at("shareID").ifThere(DeviceNames::uuid);
      if (!allocated.contains(key(device))) {
        device
            .errors()
            .add(
                FieldError.invalid(
                    device.path(), key(device), "must be an allocated device in the claim"));
      }
      At conditions = device.at("conditions");
      if (conditions.holdsAtMost(CONDITIONS_MAX)) {
        ConditionRules.check(conditions, "must be greater than or equal to zero", "");
      }
      DeviceRules.raw(device.at("data"));
      network(device.at("networkData"));
    }
    Set<ObjectNode> seen = new HashSet<>();
    for (At device : devices.items()) {
      String key = key(device).toString();
      if (!seen.add(key(device))) {
        device.errors().add(new FieldError(FieldError.Type.DUPLICATE, device.path(), key, ""));
      }
    }
  }

  /// What tells one device from another, as Kubernetes prints it.
  private static ObjectNode key(At device) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("Driver", device.at("driver").text())
        .put("Pool", device.at("pool").text())
        .put("Device", device.at("device").text())
        .put("ShareID", device.at("shareID").text());
  }

  private static void network(At network) {
    network.at("interfaceName").maxBytes(INTERFACE_BYTES_MAX);
    network.at("hardwareAddress").maxBytes(HARDWARE_BYTES_MAX);
    At addresses = network.at("ips");
    if (!addresses.holdsAtMost(ADDRESSES_MAX)) {
      return;
    }
    for (At each : addresses.items()) {
      if (!Formats.isRange(each.text())) {
        each.invalidText(
            "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
      } else {
        String canonical = each.text().replaceFirst("/0+(?=[0-9])", "/");
        if (!canonical.equals(each.text())) {
          each.invalidText("must be in canonical form (\"%s\")".formatted(canonical));
        }
      }
    }
    addresses.unique();
  }
}
