// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.PodFacts;

/// A pod that is to be placed, and what there is to place it on.
///
/// @param otherTerms whether pods may be tried on nodes that keep away from others
public record Attempt(PodFacts pod, ClusterState cluster, boolean otherTerms) {}
