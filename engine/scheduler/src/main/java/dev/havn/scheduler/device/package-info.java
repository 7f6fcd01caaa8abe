// SPDX-License-Identifier: Apache-2.0
/// Devices: which of those that drivers offer a claim may have, and on which nodes (KEP-4381).
/// Start at [dev.havn.scheduler.device.DynamicResources]; imported by `dev.havn.scheduler` and its
/// `profile`.
@NullMarked
package dev.havn.scheduler.device;

import org.jspecify.annotations.NullMarked;
