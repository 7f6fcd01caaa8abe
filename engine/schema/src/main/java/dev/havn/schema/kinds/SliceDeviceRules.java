// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.google.re2j.Pattern;
import dev.havn.schema.validate.FieldError;
import java.util.List;
import java.util.Map;

/// What a driver may say of one device: attributes, capacities, taints and what it takes from
/// counters.
final class SliceDeviceRules {
  private static final List<String> VALUES = List.of("int", "bool", "string", "version");
  private static final int VALUE_BYTES_MAX = 64;
  private static final int PROPERTIES_MAX = 32;
  private static final int COUNTERS_MAX = 32;
  private static final int CONSUMED_MAX = 2;

  /// As semver.org gives it. By an engine whose time and stack do not grow with what it is given.
  private static final Pattern VERSION =
      Pattern.compile(
          "(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)"
              + "(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)"
              + "(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
              + "(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?");

  private SliceDeviceRules() {}

  static void contents(At device) {
    At attributes = device.at("attributes");
    At capacities = device.at("capacity");
    int properties = attributes.value().size() + capacities.value().size();
    if (properties > PROPERTIES_MAX) {
      device
          .errors()
          .add(
              new FieldError(
                  FieldError.Type.INVALID,
                  device.path(),
                  String.valueOf(properties),
                  "the total number of attributes and capacities must not exceed "
                      + PROPERTIES_MAX));
    } else {
      for (Map.Entry<String, At> each : attributes.entries().entrySet()) {
        DeviceNames.qualified(attributes, each.getKey());
        attribute(each.getValue());
      }
      boolean shared = device.at("allowMultipleAllocations").flag();
      for (Map.Entry<String, At> each : capacities.entries().entrySet()) {
        DeviceNames.qualified(capacities, each.getKey());
        CapacityPolicyRules.check(each.getValue(), shared);
      }
    }
    DeviceTaintRules.taints(device.at("taints"));
    At consumed = device.at("consumesCounters");
    if (consumed.holdsAtMost(CONSUMED_MAX)) {
      consumed.items().forEach(each -> counters(each, "counterSet"));
      consumed.uniqueBy("counterSet");
    }
  }

  private static void attribute(At attribute) {
    attribute.at("string").ifThere(text -> text.maxBytes(VALUE_BYTES_MAX));
    At version = attribute.at("version");
    if (version.isThere()) {
      if (!VERSION.matcher(version.text()).matches()) {
        version.invalidText("must be a string compatible with semver.org spec 2.0.0");
      }
      version.maxBytes(VALUE_BYTES_MAX);
    }
    long set = VALUES.stream().filter(field -> attribute.at(field).isThere()).count();
    if (set == 0) {
      attribute
          .errors()
          .add(FieldError.invalid(attribute.path(), "", "exactly one value must be specified"));
    } else if (set > 1) {
      attribute.invalid("exactly one value must be specified");
    }
  }

  /// @param field that names the counters
  static void counters(At set, String field) {
    At name = set.at(field);
    if (name.needs()) {
      name.has(Formats::label);
    }
    At counters = set.at("counters");
    if (counters.needs() && counters.holdsAtMost(COUNTERS_MAX)) {
      for (String each : counters.entries().keySet()) {
        for (String problem : Formats.label(each)) {
          counters.errors().add(FieldError.invalid(counters.path(), each, problem));
        }
      }
    }
  }
}
