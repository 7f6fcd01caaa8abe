// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

/// What a group of processes has used.
///
/// @param cpuNanos of processors, since it began
/// @param memoryBytes that it has now and that cannot be taken from it at once: its working set
public record Consumption(long cpuNanos, long memoryBytes) {}
