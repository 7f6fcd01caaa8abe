// SPDX-License-Identifier: Apache-2.0
/// What the scheduler knows of the cluster, kept up to date change by change: nodes with the sums
/// of their pods, and how many pods of a kind stand where. Begin with [ClusterState].
///
/// Nothing here is safe for several threads: the scheduler's lock guards it.
///
/// May be imported by: the scheduler's other packages.
@NullMarked
package dev.havn.scheduler.state;

import org.jspecify.annotations.NullMarked;
