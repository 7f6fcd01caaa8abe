// SPDX-License-Identifier: Apache-2.0
/// Which plugins place the pods of which scheduler name, in what order and with what weight, and
/// how kube-scheduler's configuration file says so. Begin with [SchedulerConfiguration].
///
/// May be imported by: the scheduler's root; `server` reads the configuration.
@NullMarked
package dev.havn.scheduler.profile;

import org.jspecify.annotations.NullMarked;
