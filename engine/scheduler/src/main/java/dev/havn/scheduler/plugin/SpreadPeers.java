// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;

/// Which pods a pod is like that says nothing about spreading: those of the same Services and of
/// the same controller.
@FunctionalInterface
public interface SpreadPeers {
  /// [Selector#EVERYTHING] when it is like no others.
  Selector of(PodFacts pod);
}
