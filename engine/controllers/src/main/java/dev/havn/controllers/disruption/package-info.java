// SPDX-License-Identifier: Apache-2.0
/// How many pods may be evicted now. Start at [dev.havn.controllers.disruption.BudgetReconciler].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.disruption;

import org.jspecify.annotations.NullMarked;
