// SPDX-License-Identifier: Apache-2.0
/// Admission that users configure: webhooks and policies. Which there are is followed in the
/// store's log and compiled when it changes; a write that concerns none pays one volatile read.
/// Start at `DynamicAdmission`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.dynamic;

import org.jspecify.annotations.NullMarked;
