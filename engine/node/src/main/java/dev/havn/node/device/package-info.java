// SPDX-License-Identifier: Apache-2.0
/// Devices that plugins offer as extended resources: what there is, who has which, what a container
/// gets. Start at `DeviceAllocator`.
///
/// May be imported by: `dev.havn.node` and its packages.
@NullMarked
package dev.havn.node.device;

import org.jspecify.annotations.NullMarked;
