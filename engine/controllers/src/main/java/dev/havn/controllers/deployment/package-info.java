// SPDX-License-Identifier: Apache-2.0
/// Moves a Deployment's pods from one template to the next. Start at `DeploymentReconciler`; the
/// rules of a rolling update stand in `RollingUpdate`, those of scaling in `ProportionalScaling`.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.deployment;

import org.jspecify.annotations.NullMarked;
