// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.state.PodFacts;
import java.util.List;

/// A node that could be cleared for a pod.
///
/// @param there all pods of the node: an extender may choose other victims among them
public record Clearing(Candidate candidate, List<PodFacts> there) {
  public Clearing(Candidate candidate) {
    this(candidate, List.copyOf(candidate.node().pods()));
  }

  String node() {
    return candidate.node().name();
  }
}
