// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;

/// Rules of slices: which devices a driver offers, and where.
final class SliceRules {
  private static final String ONE_PLACE =
      "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  private static final String OWN_PLACE =
      "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when"
          + " `perDeviceNodeSelection` is set to true in the ResourceSlice spec";

  private static final int DEVICES_MAX = 128;
  private static final int SPECIAL_DEVICES_MAX = 64;
  private static final int COUNTER_SETS_MAX = 8;

  private SliceRules() {}

  /// What is said first of a slice; the rest is [#contents].
  static void check(At object) {
    At spec = object.at("spec");
    DeviceNames.driver(spec.at("driver"));
    At pool = spec.at("pool");
    DeviceNames.pool(pool.at("name"));
    if (pool.at("resourceSliceCount").number() <= 0) {
      pool.at("resourceSliceCount").invalid("must be greater than zero");
    }
    if (pool.at("generation").number() < 0) {
      pool.at("generation").invalid("must be greater than or equal to zero");
    }
  }

  /// Where devices are and what they are, said after what may not change.
  static void contents(At object) {
    At spec = object.at("spec");
    places(spec);
    if (spec.at("sharedCounters").isThere() && spec.at("devices").isThere()) {
      spec.errors()
          .add(
              FieldError.invalid(
                  spec.path(), "", "only one of `sharedCounters` or `devices` is allowed"));
    }
    At devices = spec.at("devices");
    boolean special =
        devices.items().stream()
            .anyMatch(
                each -> !each.at("taints").isEmpty() || !each.at("consumesCounters").isEmpty());
    if (devices.holdsAtMost(special ? SPECIAL_DEVICES_MAX : DEVICES_MAX)) {
      devices.items().forEach(each -> device(each, spec.at("perDeviceNodeSelection").flag()));
      devices.uniqueBy("name");
    }
    At sets = spec.at("sharedCounters");
    if (sets.holdsAtMost(COUNTER_SETS_MAX)) {
      sets.items().forEach(each -> SliceDeviceRules.counters(each, "name"));
      sets.uniqueBy("name");
    }
  }

  private static void device(At device, boolean placed) {
    device.at("name").has(Formats::label);
    SliceDeviceRules.contents(device);
    List<String> set = placed ? place(device, true) : new ArrayList<>();
    for (String field : List.of("nodeName", "nodeSelector", "allNodes")) {
      if (!placed && device.at(field).isThere()) {
        set.add("`" + field + "`");
      }
    }
    if (placed && set.isEmpty()) {
      device.required(OWN_PLACE);
    } else if (placed && set.size() > 1) {
      device
          .errors()
          .add(FieldError.invalid(device.path(), "{" + String.join(", ", set) + "}", OWN_PLACE));
    } else if (!placed && !set.isEmpty()) {
      device
          .errors()
          .add(
              FieldError.invalid(
                  device.path(),
                  NullNode.getInstance(),
                  "`nodeName`, `nodeSelector` and `allNodes` can only be set if"
                      + " `perDeviceNodeSelection` is set to true in the ResourceSlice spec"));
    }
    DeviceConditions.check(device);
  }

  /// The fields of a slice or a device that say where it is.
  ///
  /// @param alone whether it is a device, which may be on nodes of several kinds
  private static List<String> place(At holder, boolean alone) {
    List<String> set = new ArrayList<>();
    At node = holder.at("nodeName");
    if (node.isThere()) {
      if (node.text().isEmpty()) {
        node.invalidText("must be either unset or set to a non-empty string");
      } else {
        set.add("`nodeName`");
        node.has(Formats::subdomain);
      }
    }
    At selector = holder.at("nodeSelector");
    if (selector.isThere()) {
      set.add("`nodeSelector`");
      SchedulingRules.nodeSelector(selector);
      At terms = selector.at("nodeSelectorTerms");
      if (!alone && terms.value().size() != 1) {
        terms.invalid("must have exactly one node selector term");
      }
    }
    flag(holder.at("allNodes"), set);
    return set;
  }

  private static void flag(At flag, List<String> set) {
    if (flag.isThere() && flag.flag()) {
      set.add("`" + flag.path().substring(flag.path().lastIndexOf('.') + 1) + "`");
    } else if (flag.isThere()) {
      flag.invalid("must be either unset or set to true");
    }
  }

  private static void places(At spec) {
    List<String> set = place(spec, false);
    flag(spec.at("perDeviceNodeSelection"), set);
    if (set.isEmpty()) {
      spec.required(ONE_PLACE);
    } else if (set.size() > 1) {
      spec.errors()
          .add(
              FieldError.invalid(
                  spec.path(),
                  "{" + String.join(", ", set) + "}",
                  ONE_PLACE + ", but multiple fields are set"));
    }
  }
}
