// SPDX-License-Identifier: Apache-2.0
/// Keeps one pod of each DaemonSet on every node that takes it. Start at
/// [dev.havn.controllers.daemonset.DaemonPlan].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.daemonset;

import org.jspecify.annotations.NullMarked;
