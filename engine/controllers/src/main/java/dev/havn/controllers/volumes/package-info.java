// SPDX-License-Identifier: Apache-2.0
/// Binds claims to volumes, hands those without to provisioners, and reclaims volumes whose claim
/// is gone. What is to be done follows from `ClaimPlan` and `VolumePlan`, which only compute;
/// `Binder` carries it out. Start with `ClaimPlan`.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.volumes;

import org.jspecify.annotations.NullMarked;
