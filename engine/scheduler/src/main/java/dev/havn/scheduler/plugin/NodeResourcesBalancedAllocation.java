// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.util.List;

/// Prefers nodes whose resources are used alike: the less the taken shares deviate from each other,
/// the better.
public final class NodeResourcesBalancedAllocation implements Score {
  public static final String NAME = "NodeResourcesBalancedAllocation";

  private final List<String> resources;

  public NodeResourcesBalancedAllocation(List<String> resources) {
    this.resources = resources;
  }

  @Override
  public String name() {
    return NAME;
  }

  /// A pod that asks for nothing balances nothing.
  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    PodFacts pod = attempt.pod();
    if (resources.stream().allMatch(each -> pod.demand().amounts().get(each) == 0)) {
      return NONE;
    }
    long[] scores = new long[nodes.size()];
    double[] shares = new double[resources.size()];
    for (int i = 0; i < scores.length; i++) {
      int count = 0;
      for (String each : resources) {
        long all = nodes.get(i).allocatable().get(each);
        if (all > 0 && !ResourceScoring.isUnasked(pod, each)) {
          long taken = nodes.get(i).requested().get(each) + pod.demand().amounts().get(each);
          shares[count++] = Math.min(1, (double) taken / all);
        }
      }
      scores[i] = (long) ((1 - deviation(shares, count)) * MAX);
    }
    return scores;
  }

  private static double deviation(double[] shares, int count) {
    if (count < 2) {
      return 0;
    }
    double mean = 0;
    for (int i = 0; i < count; i++) {
      mean += shares[i] / count;
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += (shares[i] - mean) * (shares[i] - mean);
    }
    return count == 2 ? Math.abs(shares[0] - shares[1]) / 2 : Math.sqrt(sum / count);
  }
}
