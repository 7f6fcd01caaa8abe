// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.usage;

import java.time.Duration;
import java.time.Instant;

/// What something used over a time.
///
/// @param at the end of that time
/// @param window how long it was
/// @param nanoCores billionths of a processor, on average
/// @param memoryBytes its working set at the end
public record Figure(Instant at, Duration window, long nanoCores, long memoryBytes) {}
