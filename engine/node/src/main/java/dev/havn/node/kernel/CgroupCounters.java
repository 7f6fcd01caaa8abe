// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// All that a control group says, at one time. What the kernel does not count is absent.
///
/// @param disks that its processes read or wrote
/// @param processes their numbers, at least the first ones
public record CgroupCounters(
    Map<CgroupCounter, Long> all, List<DiskTraffic> disks, List<Long> processes) {

  /// @param device such as `/dev/sda`
  public record DiskTraffic(
      String device, long readBytes, long writtenBytes, long reads, long writes) {}

  public OptionalLong get(CgroupCounter counter) {
    @Nullable Long value = all.get(counter);
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }
}
