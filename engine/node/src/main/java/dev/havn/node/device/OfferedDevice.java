// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.util.List;

/// A device as its plugin shows it.
///
/// @param numaNodes of the machine that it is near to
public record OfferedDevice(String id, boolean isHealthy, List<Long> numaNodes) {
  public OfferedDevice(String id, boolean isHealthy) {
    this(id, isHealthy, List.of());
  }
}
