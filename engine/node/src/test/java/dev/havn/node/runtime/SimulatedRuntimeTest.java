// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressRange;
import java.util.List;

class SimulatedRuntimeTest extends ContainerRuntimeContract {
  @Override
  ContainerRuntime open() {
    return new SimulatedRuntime(CLOCK, executor, AddressRange.parse("10.0.0.0/24"));
  }

  @Override
  String missing() {
    return "";
  }

  @Override
  List<String> leftOutside() {
    return List.of();
  }
}
