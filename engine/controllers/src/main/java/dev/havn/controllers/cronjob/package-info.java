// SPDX-License-Identifier: Apache-2.0
/// Starts jobs by a schedule: the CronJob controller. Start at
/// [dev.havn.controllers.cronjob.CronPlan]; what a schedule means is in
/// [dev.havn.controllers.cronjob.Schedule].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.cronjob;

import org.jspecify.annotations.NullMarked;
