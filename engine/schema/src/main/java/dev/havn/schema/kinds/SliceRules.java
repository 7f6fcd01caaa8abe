// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of slices: which devices a driver offers, and where.
final class SliceRules {
  private static final String ONE_PLACE =
      "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  private static final String OWN_PLACE =
      "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when"
          + " `perDeviceNodeSelection` is set to true in the ResourceSlice spec";

  private static final int POOL_BYTES_MAX = 253;

  private SliceRules() {}

  /// What is said first of a slice; the rest is [#contents].
  static void check(At object) {
    At spec = object.at("spec");
    DeviceRules.driver(spec.at("driver"));
    At pool = spec.at("pool");
    At name = pool.at("name");
    if (name.needs()) {
      name.maxBytes(POOL_BYTES_MAX);
      for (String part : name.text().split("/", -1)) {
        for (String problem : Formats.subdomain(part)) {
          name.errors().add(FieldError.invalid(name.path(), part, problem));
        }
      }
    }
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
    Set<String> names = new HashSet<>();
    for (At device : spec.at("devices").items()) {
      device(device, spec.at("perDeviceNodeSelection").flag());
      duplicate(device, names);
    }
    Set<String> sets = new HashSet<>();
    for (At counters : spec.at("sharedCounters").items()) {
      At name = counters.at("name");
      if (name.needs()) {
        name.has(Formats::label);
      }
      counters.at("counters").needs();
      duplicate(counters, sets);
    }
  }

  private static void duplicate(At item, Set<String> names) {
    if (!names.add(item.at("name").text())) {
      item.errors().add(FieldError.duplicate(item.path(), item.at("name").text()));
    }
  }

  private static void device(At device, boolean placed) {
    device.at("name").has(Formats::label);
    List<String> set = new ArrayList<>();
    for (String field : List.of("nodeName", "nodeSelector", "allNodes")) {
      if (device.at(field).isThere()) {
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
  }

  private static void places(At spec) {
    List<String> set = new ArrayList<>();
    At node = spec.at("nodeName");
    if (node.isThere()) {
      if (node.text().isEmpty()) {
        node.invalidText("must be either unset or set to a non-empty string");
      } else {
        set.add("`nodeName`");
        node.has(Formats::subdomain);
      }
    }
    if (spec.at("nodeSelector").isThere()) {
      set.add("`nodeSelector`");
      SchedulingRules.nodeSelector(spec.at("nodeSelector"));
      At terms = spec.at("nodeSelector").at("nodeSelectorTerms");
      if (terms.value().size() != 1) {
        terms.invalid("must have exactly one node selector term");
      }
    }
    for (String field : List.of("allNodes", "perDeviceNodeSelection")) {
      At flag = spec.at(field);
      if (flag.isThere() && flag.flag()) {
        set.add("`" + field + "`");
      } else if (flag.isThere()) {
        flag.invalid("must be either unset or set to true");
      }
    }
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
