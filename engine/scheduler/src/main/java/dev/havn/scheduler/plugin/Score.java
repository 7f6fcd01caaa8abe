// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import java.util.List;

/// Says where a pod stands best.
public interface Score {
  long MAX = 100;
  long[] NONE = {};

  String name();

  /// Whether what a node gets depends on nothing but that node and the pod's
  /// [dev.havn.scheduler.state.PodShape]: it is asked again only once one of them is another.
  default boolean isOfNode() {
    return false;
  }

  /// A number from 0 to 100 for each node, or [#NONE] when all are alike.
  long[] scores(Attempt attempt, List<NodeState> nodes);

  /// Scales scores so that the largest is 100.
  static long[] toMax(long[] scores) {
    long most = 0;
    for (long each : scores) {
      most = Math.max(most, each);
    }
    for (int i = 0; i < scores.length && most > 0; i++) {
      scores[i] = scores[i] * MAX / most;
    }
    return scores;
  }

  /// Scales scores so that the largest is 0, and 100 is the best.
  static long[] reversed(long[] scores) {
    toMax(scores);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = MAX - scores[i];
    }
    return scores;
  }
}
