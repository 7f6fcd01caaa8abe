// SPDX-License-Identifier: Apache-2.0
/// HorizontalPodAutoscalers: from metrics to numbers of replicas. Start at
/// [dev.havn.controllers.autoscaling.AutoscalerReconciler]; what is decided stands in
/// `ScalingPlan`, a function of what was seen.
///
/// May be imported by: `dev.havn.controllers`; `ScalingCounts` and `ScalingOptions` also by
/// `dev.havn.server`.
@NullMarked
package dev.havn.controllers.autoscaling;

import org.jspecify.annotations.NullMarked;
