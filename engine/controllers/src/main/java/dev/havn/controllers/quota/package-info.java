// SPDX-License-Identifier: Apache-2.0
/// Keeps what quotas say is used in step with what there is. Start at
/// [dev.havn.controllers.quota.QuotaReconciler].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.quota;

import org.jspecify.annotations.NullMarked;
