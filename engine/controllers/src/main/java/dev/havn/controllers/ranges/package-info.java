// SPDX-License-Identifier: Apache-2.0
/// Ranges of addresses for Services: says that they are ready, and keeps those that are deleted
/// until no Service has an address of them. Start with `RangeReconciler`.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.ranges;

import org.jspecify.annotations.NullMarked;
