// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

import java.nio.file.Path;
import java.util.List;

/// A plugin that has made itself known.
///
/// @param type `CSIPlugin`, `DevicePlugin` or `DRAPlugin`
/// @param name of a driver or a resource
/// @param endpoint where it says that it listens, in its own words
/// @param socket where that really is on this machine
/// @param versions of the protocol of its type that it knows
public record Plugin(String type, String name, Path endpoint, Path socket, List<String> versions) {}
