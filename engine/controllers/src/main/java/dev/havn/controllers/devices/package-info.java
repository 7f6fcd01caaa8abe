// SPDX-License-Identifier: Apache-2.0
/// Claims to devices (KEP-4381): made from templates for the pods that ask for them, kept for pods
/// that are bound, and given back when their pods are done. Start with `PodClaims`, then
/// `ClaimReconciler`.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.devices;

import org.jspecify.annotations.NullMarked;
