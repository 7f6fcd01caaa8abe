// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.util.List;

class SimulatedRuntimeTest extends ContainerRuntimeContract {
  @Override
  ContainerRuntime open() {
    return new SimulatedRuntime(CLOCK, executor, "10.0.0");
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
