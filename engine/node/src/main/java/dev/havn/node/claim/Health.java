// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import java.time.Duration;

/// How a device is, in its driver's words (KEP-4680).
///
/// @param state `Healthy`, `Unhealthy` or `Unknown`, as a container's status has it
/// @param message empty for none
/// @param timeout so long it stands when the driver says no more
public record Health(String pool, String device, String state, String message, Duration timeout) {
  static final String UNKNOWN = "Unknown";
}
