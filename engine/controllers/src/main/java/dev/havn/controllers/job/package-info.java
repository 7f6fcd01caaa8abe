// SPDX-License-Identifier: Apache-2.0
/// Runs pods until enough of them have succeeded: the Job controller. Start at
/// [dev.havn.controllers.job.JobReconciler]; what it decides is in
/// [dev.havn.controllers.job.Situation], [dev.havn.controllers.job.PodChanges] and
/// [dev.havn.controllers.job.Counting], in this order, which know nothing of the API.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.job;

import org.jspecify.annotations.NullMarked;
