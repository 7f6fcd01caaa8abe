// SPDX-License-Identifier: Apache-2.0
/// Storage objects that somebody deletes are held by a finalizer until nobody uses them. Start with
/// `ProtectionReconciler`.
///
/// May be imported by: `dev.havn.controllers` and its packages.
@NullMarked
package dev.havn.controllers.protection;

import org.jspecify.annotations.NullMarked;
